"""A process that runs stacks one after another: `python -m rollout.execution.worker`.

The pool starts it.

Tasks come as lines of JSON on standard input, and what happens goes back as lines of JSON on what
was standard output. It ends with its input: where the rollout was killed, the stack under way is
finished and nothing else is started.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from pulumi import automation as auto
from pulumi.automation.events import EngineEvent

from rollout.access.preview import PreviewAccess
from rollout.execution.engine import RefusedError, operate
from rollout.execution.observer import Observer
from rollout.execution.recovery import RecoveryError
from rollout.execution.task import Command, Task


class _Replies:
    """The way back to the rollout; nobody may listen any more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._file.write(json.dumps(message) + "\n")
            self._file.flush()


def run(task: Task, replies: _Replies) -> None:
    """Run one task and send its progress, then how it ended."""
    observer = Observer(lambda text: replies.send({"progress": text}))
    access = PreviewAccess(Path(task.root), task.stack)
    started = time.monotonic()
    words: str | None = None
    told: dict[str, Any] = {}

    def on_event(event: EngineEvent) -> None:
        observer.on_event(event)
        if task.command is Command.PREVIEW:
            access.on_event(event)

    try:
        was_there = operate(task, on_event)
        if task.command is Command.PREVIEW:
            told = {"access": access.diff().to_json()}
        if task.command is Command.DRIFT:
            told = {"is_deployed": was_there and not observer.makes_stack}
    except (auto.CommandError, RecoveryError, RefusedError) as error:
        words = str(error)
    except Exception as error:  # noqa: BLE001 - told as the stack's error, the others go on
        words = f"{type(error).__name__}: {error}"
    replies.send({**observer.ended(words, time.monotonic() - started), **told})


def main() -> None:
    """Serve until the input ends."""
    # An interrupt is for the engine, which gets it too. Ignoring it would be inherited.
    interrupts: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    replies = _Replies(os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"))
    # What the program prints must not get among the replies.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        if interrupts:  # it came before there was an engine
            break
        run(Task.of_line(line), replies)
    # A program whose engine is gone may still run, on a thread that nobody should wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
