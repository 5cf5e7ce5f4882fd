"""One command over many stacks, from what the user asked for to the report."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from rich.console import Console

from rollout.choosing.changed import stack_digest
from rollout.choosing.check import with_findings
from rollout.choosing.selection import Batch, choose
from rollout.choosing.shard import WHOLE
from rollout.errors import RolloutError
from rollout.execution.batches import run_batches
from rollout.execution.journal import Journal, forget
from rollout.execution.run import Run
from rollout.execution.task import Operation
from rollout.reporting.view import view_on
from rollout.result import Report, Result, skipped

_CHECKED: Final = frozenset({Operation.UP, Operation.PREVIEW})
"""Operations that need files without errors; destroy goes by the state, drift by the program."""
_NOTED: Final = frozenset({Operation.UP, Operation.ADOPT})
"""Operations that the journal notes, so that a lock that one leaves is removed."""
_REFUSED: Final = (
    "Nothing was started: some stacks can't be deployed. --skip-broken leaves these out and "
    "deploys the others."
)
_NOTHING_LEFT: Final = "Nothing was started: no stack is left that can be deployed."


def carry_out(run: Run, console: Console) -> Report:
    """Do what the user asked for, and show the progress on the console.

    Raises:
        RolloutError: it can't start; nothing was done.
    """
    options = replace(run.options, shard=WHOLE) if run.resume else run.options
    run.selection = choose(run.root, options, lambda text: console.print(text, soft_wrap=True))
    with ExitStack() as held:
        if run.operation in _NOTED:
            run.journal = held.enter_context(Journal(run.root, run.options.shard))
            for number in run.journal.unread:
                console.print(f"{run.journal.name}: line {number} can't be read and is ignored.")
        results = _done_before(run) if run.resume else {}
        if run.operation in _CHECKED:
            run.selection = with_findings(run.selection)
        results |= _broken(run, results)
        batches = _batches(run, results)
        stacks = [stack for batch in batches for stack in batch.stacks]
        if not batches:
            is_done = all(result.done for result in results.values())
            console.print("There is nothing to do." if is_done else _NOTHING_LEFT)
            return _report(run, results)
        run.confirm(stacks)
        if run.operation is Operation.DESTROY:
            forget(run.root, stacks)
        if run.journal is not None and not run.resume:
            _begin(run, run.journal)
        results |= _run(run, batches, stacks, console)
        if run.operation is Operation.UP and run.control.stopping:
            console.print("`rollout up --resume` goes on with what is not done.", soft_wrap=True)
    return _report(run, {stack: results[stack] for stack in run.selection.members})


def _begin(run: Run, journal: Journal) -> None:
    """Begin the journal; what an adoption notes is added to that of the last up."""
    if run.operation is Operation.UP:
        journal.begin(tuple(run.selection.members))
    elif journal.past is None:
        journal.begin(())


def _done_before(run: Run) -> dict[str, Result]:
    """Select the stacks of the rollout to resume; return the results of those that are done.

    Raises:
        RolloutError: there is no such rollout.
    """
    past = run.journal and run.journal.past
    if not past:
        raise RolloutError("There is no rollout to resume: none was started here.")
    run.selection = run.selection.keep(past.stacks)
    return {
        stack: skipped(None)
        for stack in run.selection.members
        if stack in past.done and past.done[stack] == stack_digest(run.root, stack, run.program)
    }


def _broken(run: Run, done: Collection[str]) -> dict[str, Result]:
    """Return the results of the stacks that up leaves out, as their files have errors.

    Raises:
        RolloutError: there are such stacks, and the user did not say to leave them out.
    """
    if run.operation is not Operation.UP:
        return {}
    members = run.selection.members.items()
    broken = {name: one.error for name, one in members if one.error and name not in done}
    if broken and not run.skip_broken:
        raise RolloutError(*"\n".join([*broken.values(), _REFUSED]).splitlines())
    return {name: skipped(error) for name, error in broken.items()}


def _batches(run: Run, left_out: Collection[str]) -> list[Batch]:
    """Return the other stacks of the selection, in the order to run them."""
    left = run.selection.keep([stack for stack in run.selection.members if stack not in left_out])
    if not run.operation.changes_stacks or run.operation is Operation.ADOPT:
        return left.together(run.parallel)
    batches = left.in_waves(run.parallel)
    return batches[::-1] if run.operation is Operation.DESTROY else batches


def _run(
    run: Run, batches: Sequence[Batch], stacks: Sequence[str], console: Console
) -> dict[str, Result]:
    results = {}
    ready = [stack for stack in stacks if run.selection.members[stack].error is None]
    with run.pool, run.control.listening():
        if ready:
            if run.plans is not None and run.operation is Operation.PREVIEW:
                run.plans.prepare()
            run.pool.start(min(len(ready), batches[0].parallel))
            _ = run.cli  # found while the workers start; without it no task can be made
        with view_on(console, len(stacks)) as run.view:
            for stack, result in run_batches(batches, run.stack, run.control, run.look):
                results[stack] = result
                run.view.ended(stack, result)
    return results


def _report(run: Run, results: Mapping[str, Result]) -> Report:
    members = run.selection.members.items()
    accounts = {stack: member.account for stack, member in members if member.account}
    return Report(results, run.control.signal, accounts, run.selection.removed_files)
