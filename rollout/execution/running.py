"""One command over many stacks, from its options to its report."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from rich.console import Console

from rollout.choosing.batch import Batch
from rollout.choosing.changed import program_digests, stack_digest
from rollout.choosing.check import with_faults
from rollout.choosing.selection import Options, Selection, choose
from rollout.choosing.shard import WHOLE
from rollout.errors import RolloutError
from rollout.execution.control import Control
from rollout.execution.journal import Journal, forget
from rollout.execution.operation import Operation
from rollout.execution.plans import Plans
from rollout.execution.pool import Pool
from rollout.execution.pulumi_cli import find_cli
from rollout.execution.runner import run_batches
from rollout.execution.task import Command
from rollout.reporting.view import view_on
from rollout.result import Report, Result, skipped

CHECKED: Final = frozenset({Command.UP, Command.PREVIEW})
"""What needs files without a fault: a destroy goes by the state, and drift by the program."""
CHANGING: Final = frozenset({Command.UP, Command.DESTROY})
"""What changes stacks: it goes in waves, and a first Ctrl-C cancels none of it."""


_REFUSED: Final = (
    "Nothing was started, as not all stacks can be deployed. --skip-broken leaves out those that "
    "can't, and deploys the others."
)


@dataclass(frozen=True)
class Request:
    """What the user asked for. `confirm` is given the stacks to change, and may end it all.

    With `spare_protected` a destroy leaves what is protected, with `skip_broken` an up leaves out
    the stacks that a check finds wrong.
    """

    command: Command
    options: Options
    plans: Path | None = None
    wait: bool = False
    resume: bool = False
    spare_protected: bool = False
    skip_broken: bool = False
    confirm: Callable[[Sequence[str]], None] = lambda _: None


@dataclass(frozen=True)
class _Work:
    """What is to be done, and what an earlier rollout did."""

    selection: Selection
    batches: list[Batch]
    program: Mapping[str, str]
    """The digests of the program's files."""
    journal: Journal | None
    done: Mapping[str, Result] = field(default_factory=dict)
    cut_short: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def stacks(self) -> list[str]:
        """The stacks to run, in order."""
        return [stack for batch in self.batches for stack in batch.stacks]


def carry_out(root: Path, request: Request, console: Console) -> Report:
    """Do it, and tell on the console how it goes.

    Raises:
        RolloutError: it can't start; nothing was done.
    """
    options = replace(request.options, shard=WHOLE) if request.resume else request.options
    selection = choose(root, options, lambda text: console.print(text, soft_wrap=True))
    with ExitStack() as held:
        journal = None
        if request.command is Command.UP:
            journal = held.enter_context(Journal(root, request.options.shard))
            for number in journal.odd:
                console.print(f"{journal.name}: line {number} is not understood and left out.")
        work = _work(request, selection, journal, program_digests(root))
        if not work.batches:
            console.print("There is nothing to do.")
            return _report(selection, work.done)
        request.confirm(work.stacks)
        if request.command is Command.DESTROY:
            forget(root, work.stacks)
        if journal is not None and not request.resume:
            journal.begin(tuple(work.selection.members))
        return _run(root, request, work, console)


def _work(
    request: Request, selection: Selection, journal: Journal | None, program: Mapping[str, str]
) -> _Work:
    done: dict[str, Result] = {}
    past = None if journal is None else journal.past
    if request.resume:
        if past is None:
            raise RolloutError("There is no rollout to resume: none was started here.")
        selection = selection.keep(past.stacks)
        for stack in selection.members:
            digest = past.done.get(stack)
            if digest is not None and digest == stack_digest(selection.root, stack, program):
                done[stack] = skipped(None)
    cut_short = past.cut_short if past else {}
    if request.command in CHECKED:
        selection = with_faults(selection)
    left = selection.keep([stack for stack in selection.members if stack not in done])
    if request.command is Command.UP:
        broken = {name: one.error for name, one in left.members.items() if one.error is not None}
        if broken and not request.skip_broken:
            raise RolloutError("\n".join([*broken.values(), _REFUSED]))
        done |= {name: skipped(error) for name, error in broken.items()}
        left = left.keep([name for name in left.members if name not in broken])
    parallel = request.options.parallel
    changing = request.command in CHANGING
    batches = left.in_waves(parallel) if changing else left.together(parallel)
    if request.command is Command.DESTROY:
        batches.reverse()
    return _Work(selection, batches, program, journal, done, cut_short)


def _run(root: Path, request: Request, work: _Work, console: Console) -> Report:
    control = Control(patient=request.command in CHANGING)
    members = work.selection.members
    ready = [stack for stack in work.stacks if members[stack].error is None]
    results = dict(work.done)
    cli = cache(find_cli)
    with Pool(root) as pool, control.listening():
        plans = None if request.plans is None else Plans(request.plans, root, work.program)
        if ready:
            if plans is not None and request.command is Command.PREVIEW:
                plans.prepare()
            pool.start(min(len(ready), work.batches[0].parallel))
            cli()  # while the workers start; without a CLI nothing does
        with view_on(console, len(work.stacks)) as view:
            operation = Operation(
                command=request.command,
                root=root,
                members=members,
                pool=pool,
                cli=cli,
                control=control,
                watcher=view,
                journal=work.journal,
                program=work.program,
                plans=plans,
                wait=request.wait,
                spare_protected=request.spare_protected,
                cut_short=work.cut_short,
            )

            def look() -> None:
                control.look(pool.interrupt, view.say)

            for stack, result in run_batches(work.batches, operation.run, control, look):
                results[stack] = result
                view.ended(stack, result)
    if control.stopping and work.journal is not None:
        console.print("`rollout up --resume` goes on with what is not done.", soft_wrap=True)
    return _report(work.selection, {stack: results[stack] for stack in members}, control.signal)


def _report(
    selection: Selection, results: Mapping[str, Result], signal: int | None = None
) -> Report:
    members = selection.members.items()
    accounts = {stack: member.account for stack, member in members if member.account}
    return Report(results, signal, accounts, selection.removed_files)
