"""A job's command as a child process, with credentials of the sandbox and no other AWS settings."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from sandbox.clients import Credentials
from sandbox.environment import for_process, no_proxy

NOT_FOUND: Final = 127
NOT_STARTED: Final = 126
_PASSED_ON: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_OF_TERMINAL: Final = frozenset({signal.SIGINT, signal.SIGQUIT})
"""What a terminal sends to all processes in its foreground, the command too."""
_BY_SIGNAL: Final = 128


class NotStartedError(Exception):
    """The command did not start; `code` is what a shell ends with then."""

    def __init__(self, command: str, error: OSError) -> None:
        """Take the reason from the error."""
        found = not isinstance(error, FileNotFoundError)
        self.code = NOT_STARTED if found else NOT_FOUND
        super().__init__(f"{command}: {error.strerror if found else 'command not found'}")


def variables(aws_url: str, credentials: Credentials, region: str) -> dict[str, str]:
    """Return the environment of a command; all other AWS variables of the user are left out."""
    made = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ENDPOINT_URL_S3": aws_url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy(),
        "no_proxy": no_proxy(),
    }
    return for_process(
        made | ({"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {})
    )


def run(command: Sequence[str], environment: Mapping[str, str], *, to_stderr: bool = False) -> int:
    """Run a command to its end, pass signals on to it, and return its exit code as a shell does.

    Raises:
        NotStartedError: it can't be started.
    """
    with _signals_passed_on() as started:
        try:
            process = subprocess.Popen(
                command, env=environment, stdout=sys.stderr.fileno() if to_stderr else None
            )
        except OSError as error:
            raise NotStartedError(command[0], error) from None
        started.append(process)
        code = process.wait()
    return code if code >= 0 else _BY_SIGNAL - code


@contextmanager
def _signals_passed_on() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Pass signals on to the process that is put into the list."""
    started: list[subprocess.Popen[bytes]] = []
    at_terminal = _is_at_terminal()

    def pass_on(number: int, _: FrameType | None) -> None:
        if not started:
            raise SystemExit(_BY_SIGNAL + number)
        if not (at_terminal and number in _OF_TERMINAL):
            started[0].send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        yield started
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_at_terminal() -> bool:
    try:
        with open("/dev/tty", "rb") as terminal:  # noqa: PTH123 - not a file
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
