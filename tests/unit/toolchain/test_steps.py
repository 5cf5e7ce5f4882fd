import io
import os
import sys
import time
from pathlib import Path

import pytest

from toolchain import steps
from toolchain.steps import Console, StepError

# Ends only when it is stopped, and tells which process it is.
FOREVER = "import os, signal; print(os.getpid(), flush=True); signal.pause()"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_noise_goes_to_the_log_and_not_to_the_user(
    tmp_path: Path, log: Path, console: Console, printed: io.StringIO
) -> None:
    argv = ["sh", "-c", 'echo out; echo "$WORD" >&2']
    steps.run(argv, cwd=tmp_path, log=log, console=console, env={"WORD": "err"})
    assert log.read_text() == "out\nerr\n"
    assert not printed.getvalue()


def test_failure_tells_the_last_line(tmp_path: Path, log: Path, console: Console) -> None:
    argv = ["sh", "-c", "echo first; echo the reason; echo; exit 3"]
    with pytest.raises(StepError, match=r"^the reason$"):
        steps.run(argv, cwd=tmp_path, log=log, console=console)


def test_silent_failure_tells_the_exit_code(tmp_path: Path, log: Path, console: Console) -> None:
    with pytest.raises(StepError, match=r"^exit code 3$"):
        steps.run(["sh", "-c", "exit 3"], cwd=tmp_path, log=log, console=console)


def test_command_that_is_not_there_is_told(tmp_path: Path, log: Path, console: Console) -> None:
    with pytest.raises(StepError, match=r"^no-such-program does not start: No such file"):
        steps.run(["no-such-program"], cwd=tmp_path, log=log, console=console)


def test_command_over_its_limit_is_stopped(tmp_path: Path, log: Path, printed: io.StringIO) -> None:
    class Patient(Console):
        def tick(self) -> None:
            wait_for_text(log)

    argv = [sys.executable, "-c", FOREVER]
    with pytest.raises(StepError, match=r"^no result after 0 s$"):
        steps.run(argv, cwd=tmp_path, log=log, console=Patient(printed), limit=0)
    assert_gone(log)


def test_interrupt_stops_the_command(tmp_path: Path, log: Path, printed: io.StringIO) -> None:
    class Interrupted(Console):
        def tick(self) -> None:
            wait_for_text(log)
            raise KeyboardInterrupt

    argv = [sys.executable, "-c", FOREVER]
    with pytest.raises(KeyboardInterrupt):
        steps.run(argv, cwd=tmp_path, log=log, console=Interrupted(printed))
    assert_gone(log)


def test_terminal_sees_the_seconds_in_place() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    console = Console(terminal)
    console.tick()
    console.clear()
    assert terminal.getvalue() == "\r  0 s\033[K\r\033[K"


def wait_for_text(log: Path) -> None:
    deadline = time.monotonic() + 20
    while not log.read_text().endswith("\n"):
        assert time.monotonic() < deadline


def assert_gone(log: Path) -> None:
    pid = int(log.read_text().split("\n")[0])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
