"""One stack of a rollout from its check to its result: what each thread of the runner does."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from rollout.choosing.changed import stack_digest
from rollout.choosing.inventory import Member
from rollout.execution.control import Control
from rollout.execution.engine_words import UNSAID
from rollout.execution.journal import Journal
from rollout.execution.lock import Lock, find_lock
from rollout.execution.plans import Plans
from rollout.execution.pool import Pool, WorkerError
from rollout.execution.task import Cli, Command, Task
from rollout.result import Result, Status, Step, failed

WAIT_SECONDS: Final = 30 * 60.0
"""How long `--wait` waits for a lock."""
_FIRST_RETRY_SECONDS: Final = 1.0
_LONGEST_RETRY_SECONDS: Final = 10.0


class Watcher(Protocol):
    """Who is told of stacks that run; called on several threads."""

    def started(self, stack: str) -> None:
        """A stack was started."""

    def progressed(self, stack: str, words: str) -> None:
        """A stack does something now."""


class _LockedError(Exception):
    """Somebody else holds the stack; the text says who and what to do."""


@dataclass(frozen=True)
class Operation:
    """What is done with each stack, and with what."""

    command: Command
    root: Path
    members: Mapping[str, Member]
    pool: Pool
    cli: Callable[[], Cli]
    control: Control
    watcher: Watcher
    journal: Journal | None = None
    program: Mapping[str, str] = field(default_factory=dict)
    """The digests of the program's files, for the journal."""
    plans: Plans | None = None
    """Preview saves its plans there, up keeps to them."""
    wait: bool = False
    spare_protected: bool = False
    """A destroy leaves what is protected: the OIDC providers that other stacks may use."""
    cut_short: Mapping[str, datetime] = field(default_factory=dict)
    """When the stacks were started that a killed rollout left."""

    def run(self, stack: str) -> Result:
        """Run a stack; whatever goes wrong is in the result."""
        if (error := self.members[stack].error) is not None:
            return failed(error)
        self.watcher.started(stack)
        began = time.monotonic()
        try:
            if (error := self._plan_fault(stack)) is not None:
                return failed(error)
            return self._run(stack)
        except (WorkerError, _LockedError, OSError) as error:
            return failed(str(error), time.monotonic() - began)

    def _run(self, stack: str) -> Result:
        """Run a stack and note it in the journal.

        A worker that died may have left its engine's lock: the stack counts as cut short then, so
        that no end is noted.
        """
        if self.journal is None:
            return self._work_on(stack)
        digest = stack_digest(self.root, stack, self.program)
        self.journal.started(stack)
        try:
            result = self._until_unlocked(stack)
        except _LockedError:
            self.journal.locked(stack)
            raise
        self.journal.ended(stack, digest if result.done else None)
        return result

    def _plan_fault(self, stack: str) -> str | None:
        if self.command is not Command.UP or self.plans is None:
            return None
        return self.plans.fault(stack)

    def _work_on(self, stack: str) -> Result:
        """Run a stack; a preview's plan is kept, and none is better than an older one."""
        if self.command is not Command.PREVIEW or self.plans is None:
            return self._until_unlocked(stack)
        digests = self.plans.drop(stack)
        result = self._until_unlocked(stack)
        if result.done:
            self.plans.keep(stack, digests)
        return result

    def _until_unlocked(self, stack: str) -> Result:
        plan = self.plans.file(stack) if self.plans is not None else None
        deadline = time.monotonic() + WAIT_SECONDS
        pause = _FIRST_RETRY_SECONDS
        while True:
            reply = self._ask(self.command, stack, plan)
            lock = find_lock(reply["stderr"])
            if lock is None:
                is_cut = self.control.stopping and reply["error"] == UNSAID
                return _result({**reply, "error": "cancelled: interrupted"} if is_cut else reply)
            is_ours = lock.is_of(self.cut_short.get(stack))
            if is_ours and lock.is_dead:
                self.watcher.progressed(stack, f"was {lock}, which is dead: unlocking")
                self._ask(Command.CANCEL, stack, None)
            elif (is_ours or self.wait) and time.monotonic() < deadline:
                self.watcher.progressed(stack, f"waits, {lock}")
                self.control.sleep(pause)
                pause = min(pause * 2, _LONGEST_RETRY_SECONDS)
            else:
                raise _LockedError(f"{lock}; {_advice(stack, lock)}")
            if self.control.stopping:
                raise _LockedError(f"{lock}; interrupted")

    def _ask(self, command: Command, stack: str, plan: Path | None) -> Mapping[str, Any]:
        with self.pool.worker() as worker:
            file = self.members[stack].file
            allowed = file.allowed_account_ids if file else ()
            saved = str(plan) if plan else None
            root, spare = str(self.root), self.spare_protected
            began = self.cut_short.get(stack)
            cut_short = began.isoformat() if began else None
            task = Task(command, stack, root, self.cli(), saved, allowed, spare, cut_short)
            return worker.run(task, lambda words: self.watcher.progressed(stack, words))


def _advice(stack: str, lock: Lock) -> str:
    remove = f"`pulumi cancel --stack {stack}` removes the lock"
    if lock.is_dead:
        return f"which runs no more, and was not started by a rollout of this folder: {remove}"
    if lock.is_local:
        return "--wait waits for it"
    return f"--wait waits for it; if that machine is gone, {remove}"


def _result(reply: Mapping[str, Any]) -> Result:
    """Return the result that a worker's answer tells."""
    if reply["error"] is None and not reply.get("is_deployed", True):
        return Result(Status.NOT_DEPLOYED, seconds=reply["seconds"])
    return Result(
        Status.SUCCEEDED if reply["error"] is None else Status.FAILED,
        reply["changes"],
        reply["seconds"],
        reply["error"],
        tuple(sorted(Step(**step) for step in reply["steps"])),
        reply.get("access"),
        tuple(reply.get("warnings", ())),
    )
