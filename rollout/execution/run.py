"""A run: one operation on many stacks, and how it is done on each of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from rich.console import Console

from rollout.choosing.changed import program_digests, stack_digest
from rollout.choosing.selection import Options, Selection
from rollout.errors import RolloutError
from rollout.execution.control import Control
from rollout.execution.engine_words import UNSAID
from rollout.execution.journal import Journal
from rollout.execution.lock import Lock
from rollout.execution.plans import Plans
from rollout.execution.pool import INTERRUPTED, Pool, WorkerError
from rollout.execution.task import Operation, Reply, Task
from rollout.reporting.view import View
from rollout.result import Result, failed
from tools.toolchain import Cli, ToolchainError, locate

WAIT_SECONDS: Final = 30 * 60.0
"""How long `--wait` waits for a lock."""
_FIRST_RETRY_SECONDS: Final = 1.0
_LONGEST_RETRY_SECONDS: Final = 10.0


class _LockedError(Exception):
    """Another process has locked the stack; the text says which one and what to do."""


@dataclass
class Run:
    """One operation on many stacks: what the user asked for, then what the run uses.

    No field is assigned once `stack` is called, which happens on several threads.
    """

    operation: Operation
    root: Path
    options: Options = field(default_factory=Options)
    parallel: int | None = None
    """How many stacks run in parallel; None for the number in `rollout.yaml` or the default."""
    plans_folder: Path | None = None
    """Preview saves its plans there; up is held to them."""
    imports: Path | None = None
    """The engine's import file: preview writes it, adopt imports what is in it."""
    wait: bool = False
    resume: bool = False
    spare_protected: bool = False
    """Destroy leaves what is protected: the OIDC providers that other stacks may use."""
    refresh: bool = False
    """Preview and up read from AWS first what is deployed, of all stacks and not of exclusive ones
    only: those are always read, as AWS's provider takes away only what it has read."""
    skip_broken: bool = False
    """Up leaves out the stacks in which a check finds errors."""
    confirm: Callable[[Sequence[str]], None] = lambda _: None
    """Called with the names of the stacks before any is changed; raises to end the run."""

    selection: Selection = field(default_factory=Selection)
    journal: Journal | None = None
    view: View = field(default_factory=lambda: View(Console(quiet=True), 0))
    control: Control = field(init=False)
    pool: Pool = field(init=False)
    program: Mapping[str, str] = field(init=False)
    """The digests of the program's files when the run began."""

    def __post_init__(self) -> None:
        self.control = Control(patient=self.operation.changes_stacks)
        self.pool = Pool(self.root)
        self.program = program_digests(self.root)

    @cached_property
    def cli(self) -> Cli:
        """The Pulumi CLI.

        Raises:
            RolloutError: there is none that is new enough.
        """
        return find_cli()

    @cached_property
    def plans(self) -> Plans | None:
        folder = self.plans_folder
        return None if folder is None else Plans(folder, self.root)

    def look(self) -> None:
        self.control.look(self.pool.interrupt, self.view.say)

    def stack(self, name: str) -> Result:
        """Run the operation on a stack; errors are in the result, none is raised."""
        if (error := self.selection.members[name].error) is not None:
            return failed(error)
        self.view.started(name)
        began = time.monotonic()
        try:
            if self.operation is Operation.UP and self.plans is not None:
                error = self.plans.error(name)
            return self._noted(name) if error is None else failed(error)
        except (WorkerError, _LockedError, OSError) as raised:
            return failed(str(raised), time.monotonic() - began)

    def _noted(self, stack: str) -> Result:
        """Run the operation and note it in the journal.

        If the worker dies, no end is noted: its engine may have left a lock, and only the locks of
        stacks that were cut short are removed.
        """
        if self.journal is None:
            return self._planned(stack)
        digest = stack_digest(self.root, stack, self.program)
        self.journal.started(stack)
        try:
            result = self._until_unlocked(stack)
        except _LockedError:
            self.journal.locked(stack)
            raise
        account = self.selection.members[stack].account
        self.journal.ended(stack, digest if result.done else None, account)
        return result

    def _planned(self, stack: str) -> Result:
        """Run the operation; keep the plan of a preview that succeeds, and no older one."""
        if self.operation is not Operation.PREVIEW or self.plans is None:
            return self._until_unlocked(stack)
        digests = self.plans.drop(stack)
        result = self._until_unlocked(stack)
        if result.done:
            self.plans.keep(stack, digests)
        return result

    def _until_unlocked(self, stack: str) -> Result:
        began = self._cut_short.get(stack)
        plan = None if self.plans is None else str(self.plans.file(stack))
        deadline = time.monotonic() + WAIT_SECONDS
        pause = _FIRST_RETRY_SECONDS
        while True:
            reply = self._ask(self._task(stack, self.operation, plan))
            result, lock = reply.result, reply.lock
            if lock is None:
                is_cut = self.control.stopping and result.error == UNSAID
                return replace(result, error=INTERRUPTED) if is_cut else result
            is_ours = lock.is_of(began)
            if is_ours and lock.is_dead:
                self.view.progressed(stack, f"was {lock}, which is dead: unlocking")
                self._ask(self._task(stack, Operation.CANCEL))
            elif (is_ours or self.wait) and time.monotonic() < deadline:
                self.view.progressed(stack, f"waits, {lock}")
                self.control.sleep(pause)
                pause = min(pause * 2, _LONGEST_RETRY_SECONDS)
            else:
                raise _LockedError(f"{lock}; {_advice(stack, lock)}")
            if self.control.stopping:
                raise _LockedError(f"{lock}; interrupted")

    @property
    def _cut_short(self) -> Mapping[str, datetime]:
        past = self.journal and self.journal.past
        return past.cut_short if past else {}

    def _moved_from(self, stack: str) -> str | None:
        """Return the account that the stack was last deployed in, if its file no longer allows it.

        It was perhaps destroyed since then elsewhere: the stack's state decides.
        """
        past = self.journal and self.journal.past
        account = past.accounts.get(stack) if past else None
        file = self.selection.members[stack].file
        return None if file is None or account in file.allowed_account_ids else account

    def _task(self, stack: str, operation: Operation, plan: str | None = None) -> Task:
        file = self.selection.members[stack].file
        return Task(
            operation,
            stack,
            str(self.root),
            self.cli,
            plan,
            None if self.imports is None else str(self.imports),
            accounts=file.allowed_account_ids if file else (),
            spare_protected=self.spare_protected,
            refresh=self.refresh or bool(file and file.has_exclusive),
            cut_short=self._cut_short.get(stack),
            moved_from=self._moved_from(stack),
        )

    def _ask(self, task: Task) -> Reply:
        with self.pool.worker() as worker:
            return worker.run(task, lambda words: self.view.progressed(task.stack, words))


def find_cli() -> Cli:
    """Return the first usable `pulumi` on PATH, the sandbox's too; else the one that `make` got.

    Raises:
        RolloutError: there is none that is new enough.
    """
    try:
        return locate(sandbox=True)
    except ToolchainError as error:
        raise RolloutError(str(error)) from error


def _advice(stack: str, lock: Lock) -> str:
    remove = f"`pulumi cancel --stack {stack}` removes the lock"
    if lock.is_dead:
        return f"its process has ended, and no rollout of this folder started it: {remove}"
    if lock.is_local:
        return "--wait waits for it"
    return f"--wait waits for it; if that machine is gone, {remove}"
