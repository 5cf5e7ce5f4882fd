"""Runs batches in sequence, and the stacks of a batch in parallel."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from rollout.choosing.selection import Batch
from rollout.execution.control import Control
from rollout.result import Result, Status, skipped

_LOOK_EVERY_SECONDS = 0.1


class _Tally:
    """Counts the failures of a batch, and tells why another stack must not start."""

    def __init__(self, batch: Batch, control: Control) -> None:
        self._batch = batch
        self._control = control
        self._failed: list[Result] = []  # appending is safe between threads

    def count(self, result: Result) -> None:
        if result.status is Status.FAILED:
            self._failed.append(result)

    def stops_stack(self) -> str | None:
        """Return why no other stack of the batch may start."""
        if self._control.stopping:
            return "not started: interrupted"
        limit = self._batch.stop_after
        return self._why() if limit is not None and len(self._failed) >= limit else None

    def stops_batch(self) -> str | None:
        """Return why the next batch may not start."""
        if self._batch.stop_after is None and self._failed:
            return self._why()
        return self.stops_stack()

    def _why(self) -> str:
        failures = "1 failure" if len(self._failed) == 1 else f"{len(self._failed)} failures"
        return f"not started: {failures} in {self._batch.name}"


def run_batches(
    batches: Sequence[Batch],
    run: Callable[[str], Result],
    control: Control,
    look: Callable[[], None] = lambda: None,
) -> Iterator[tuple[str, Result]]:
    """Run all stacks, and yield each result as soon as it is known.

    Args:
        batches: in the order to run them.
        run: runs one stack; it is called on several threads, and must not raise.
        control: tells when to stop.
        look: called on this thread several times a second.
    """
    why: str | None = None
    for number, batch in enumerate(batches):
        if why is not None:
            yield from ((stack, skipped(why)) for stack in batch.stacks)
            continue
        tally = _Tally(batch, control)
        yield from _run_batch(batch, run, tally, look)
        why = tally.stops_batch()
        if why is None and batch.stacks and any(b.stacks for b in batches[number + 1 :]):
            control.sleep(batch.pause)
            look()
            why = tally.stops_batch()


def _run_batch(
    batch: Batch, run: Callable[[str], Result], tally: _Tally, look: Callable[[], None]
) -> Iterator[tuple[str, Result]]:
    def one(stack: str) -> Result:
        why = tally.stops_stack()
        if why is not None:
            return skipped(why)
        result = run(stack)
        tally.count(result)
        return result

    with ThreadPoolExecutor(batch.parallel, thread_name_prefix="stack") as executor:
        stacks = {executor.submit(one, stack): stack for stack in batch.stacks}
        for future in _as_completed(stacks, look):
            yield stacks[future], future.result()


def _as_completed(
    futures: Iterable["Future[Result]"], look: Callable[[], None]
) -> Iterator["Future[Result]"]:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=_LOOK_EVERY_SECONDS, return_when="FIRST_COMPLETED")
        look()
        yield from done
