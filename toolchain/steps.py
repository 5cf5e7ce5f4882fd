"""Long-running commands, with their noise in a log and a sign of life on the terminal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

_POLL_SECONDS = 0.5
_LINE_EVERY_SECONDS = 30
_GRACE_SECONDS = 5


class ToolchainError(Exception):
    """No engine could be had; the message says what was tried and what to install."""


class StepError(Exception):
    """One way to an engine did not work; the message says why in one line."""


class Console:
    """Tells the user what goes on: a counter on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Writes to `stream`, by default to standard error."""
        self._stream = stream or sys.stderr
        self.restart()

    def restart(self) -> None:
        """Starts the count of seconds again."""
        self._begin = time.monotonic()
        self._next = _LINE_EVERY_SECONDS

    @property
    def seconds(self) -> float:
        """How long ago the count was started."""
        return time.monotonic() - self._begin

    def say(self, text: str) -> None:
        """Writes one line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def tick(self) -> None:
        """Shows the count."""
        if self._stream.isatty():
            self._stream.write(f"\r  {self.seconds:.0f} s\033[K")
            self._stream.flush()
        elif self.seconds >= self._next:
            self._next += _LINE_EVERY_SECONDS
            self.say(f"  {self.seconds:.0f} s")

    def clear(self) -> None:
        """Takes the count off a terminal."""
        if self._stream.isatty():
            self._stream.write("\r\033[K")
            self._stream.flush()


def run(  # noqa: PLR0913 -- what Popen needs, by name
    argv: Sequence[str],
    *,
    cwd: Path,
    log: Path,
    console: Console,
    env: Mapping[str, str] | None = None,
    limit: float | None = None,
) -> None:
    """Runs a command to its end with all that it prints added to `log`.

    Args:
        argv: the command.
        cwd: where it runs.
        log: the file that its output is appended to.
        console: gets a sign of life while it runs.
        env: variables to set beside this process's own.
        limit: the most seconds that it may take.

    Raises:
        StepError: the command cannot be started, fails, or takes too long. It and what it
            started are stopped then, and also when this process is interrupted.
    """
    begin = time.monotonic()
    with log.open("ab") as out:
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise StepError(f"{argv[0]} does not start: {error.strerror}") from error
        try:
            while not _ended(process):
                console.tick()
                if limit is not None and time.monotonic() - begin > limit:
                    raise StepError(f"no result after {limit:.0f} s")
        finally:
            console.clear()
            _stop(process)
    if process.returncode != 0:
        raise StepError(_last_line(log) or f"exit code {process.returncode}")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    # Interrupted first, so that Go removes its work folder; the whole session gets it.
    for sign in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sign)
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
