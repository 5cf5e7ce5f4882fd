"""A process that runs tasks one after another: `python -m rollout.execution.worker FD`.

The pool starts it, with one end of a pipe as the file descriptor FD. Tasks come in; progress goes
back as text, and the end of each task as a `Reply`. The process ends when the pipe is closed: if
the rollout was killed, the task in progress is finished and no other is started.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from pulumi import automation as auto
from pulumi.automation.events import DiagnosticEvent, EngineEvent

from components.aws.limits import Kind
from components.settings.findings import SettingsError
from rollout.access.by_hand import Reading
from rollout.access.preview import PreviewAccess
from rollout.errors import AccountError
from rollout.execution.destroy_checks import RefusedError
from rollout.execution.engine import operate
from rollout.execution.engine_words import stderr
from rollout.execution.lock import find_lock
from rollout.execution.observer import Observer
from rollout.execution.recovery import OnEvent, RecoveryError
from rollout.execution.task import Operation, Reply, Task
from rollout.result import Result, Status

_ABOUT_ACCESS: Final = frozenset({Operation.PREVIEW, Operation.DRIFT})


def run(task: Task, send_progress: Callable[[str], None]) -> Reply:
    observer = Observer(send_progress)
    access = PreviewAccess()
    started = time.monotonic()

    def on_event(event: EngineEvent) -> None:
        observer.on_event(event)
        if task.operation in _ABOUT_ACCESS:
            access.on_event(event)

    def ended(words: str | None = None) -> Result:
        return observer.result(words, time.monotonic() - started)

    try:
        was_there = operate(task, on_event)
        if task.operation is Operation.PREVIEW:
            _check_keys(task, access, on_event)
            return Reply(replace(ended(), access=access.diff(_read(task, access.exclusive))))
        if task.operation is Operation.DRIFT:
            if observer.makes_stack or not was_there:
                return Reply(Result(Status.NOT_DEPLOYED, seconds=ended().seconds, access=()))
            by_hand = access.drift(_read(task, access.in_state))
            return Reply(replace(ended(), access=by_hand))
    except (auto.CommandError, AccountError, RecoveryError, RefusedError) as error:
        words = str(error)
        return Reply(ended(words), find_lock(stderr(words)))
    except Exception as error:  # noqa: BLE001 - it is this stack's error; the other stacks go on
        return Reply(ended(f"{type(error).__name__}: {error}"))
    return Reply(ended())


def _check_keys(task: Task, access: PreviewAccess, on_event: OnEvent) -> None:
    """Check that AWS has room for the new access keys of users that exist.

    Raises:
        RefusedError: it has none.
    """
    new = access.new_keys()
    if not new:
        return
    # 0.2 s and 20 MiB that only a new label needs
    from rollout.execution.key_limit import access_key_findings  # noqa: PLC0415

    try:
        findings = access_key_findings(Path(task.root), task.stack, new)
    except AccountError as error:
        words = f"whether AWS has room for new access keys is not known: {error}"
        on_event(EngineEvent(0, 0, diagnostic_event=DiagnosticEvent(words, "never", "warning")))
        return
    if findings:
        raise RefusedError(str(SettingsError(task.stack, findings)))


def _read(task: Task, kinds: Mapping[str, Kind]) -> Mapping[str, Reading]:
    """Read identities as AWS has them, if there are any to read."""
    if not kinds:
        return {}
    from rollout.execution.reading import read_identities  # noqa: PLC0415 - see recovery.py

    return read_identities(task, kinds)


def main() -> None:
    # The engine gets an interrupt too, and acts on it. To ignore it here would be inherited.
    interrupts: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])  # the pool blocked it
    pipe = Connection(int(sys.argv.pop()))
    os.set_inheritable(pipe.fileno(), False)  # noqa: FBT003 - it has no keyword

    def send(message: str | Reply) -> None:
        with contextlib.suppress(OSError):  # the rollout may have been killed
            pipe.send(message)

    with contextlib.suppress(EOFError, OSError):
        while True:
            task: Task = pipe.recv()
            if interrupts:  # before there was an engine to act on it
                break
            send(run(task, send))
    # A program whose engine is gone may still run, on a thread that would keep the process alive.
    os._exit(0)


if __name__ == "__main__":
    main()
