import signal
import threading
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rollout.choosing.selection import Batch
from rollout.execution.batches import run_batches
from rollout.execution.control import Control
from rollout.result import Result, Status, failed

GOOD = Result(Status.SUCCEEDED)
DEADLINE = 10.0


class Calm(Control):
    """Pauses are noted instead of waited for."""

    def __init__(self) -> None:
        super().__init__(patient=True)
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


def outcomes(
    batches: list[Batch], run: Callable[[str], Result], calm: Calm | None = None
) -> dict[str, str]:
    results = dict(run_batches(batches, run, calm or Calm()))
    return {stack: result.error or result.status.value for stack, result in results.items()}


def bad(*stacks: str) -> Callable[[str], Result]:
    return lambda stack: failed("bad") if stack in stacks else GOOD


def test_a_failed_stack_stops_none_of_its_wave() -> None:
    batches = [Batch("one", ("a", "b", "c"), 1)]
    assert outcomes(batches, bad("a")) == {"a": "bad", "b": "succeeded", "c": "succeeded"}


def test_a_failure_keeps_the_next_wave_from_starting() -> None:
    batches = [Batch("one", ("a", "b"), 1), Batch("two", ("c",), 1), Batch("three", ("d",), 1)]
    assert outcomes(batches, bad("a")) == {
        "a": "bad",
        "b": "succeeded",
        "c": "not started: 1 failure in one",
        "d": "not started: 1 failure in one",
    }


def test_fewer_failures_than_allowed_let_the_next_wave_start() -> None:
    batches = [Batch("one", ("a", "b"), 1, stop_after=2), Batch("two", ("c",), 1)]
    assert outcomes(batches, bad("a"))["c"] == "succeeded"


def test_as_many_failures_as_set_stop_the_rest() -> None:
    batches = [Batch("one", ("a", "b", "c", "d"), 1, stop_after=2), Batch("two", ("e",), 1)]
    assert outcomes(batches, bad("a", "c")) == {
        "a": "bad",
        "b": "succeeded",
        "c": "bad",
        "d": "not started: 2 failures in one",
        "e": "not started: 2 failures in one",
    }


def test_each_wave_counts_its_own_failures() -> None:
    batches = [Batch("one", ("a",), 1, stop_after=2), Batch("two", ("b", "c"), 1, stop_after=2)]
    assert outcomes(batches, bad("a", "b"))["c"] == "succeeded"


def test_a_wave_starts_when_the_one_before_it_is_done() -> None:
    running: set[str] = set()
    together: list[set[str]] = []
    both = threading.Barrier(2, timeout=DEADLINE)

    def run(stack: str) -> Result:
        running.add(stack)
        both.wait()
        together.append(set(running))
        both.wait()
        running.discard(stack)
        return GOOD

    outcomes([Batch("one", ("a", "b"), 2), Batch("two", ("c", "d"), 2)], run)
    assert together == [{"a", "b"}, {"a", "b"}, {"c", "d"}, {"c", "d"}]


def test_no_more_run_at_once_than_allowed() -> None:
    running: list[str] = []
    most: list[int] = []

    def run(stack: str) -> Result:
        running.append(stack)
        most.append(len(running))
        running.remove(stack)
        return GOOD

    outcomes([Batch("one", tuple("abcdefgh"), 2)], run)
    assert max(most) <= 2


def test_a_pause_is_between_waves_only() -> None:
    calm = Calm()
    batches = [Batch("one", ("a",), 1, pause=5), Batch("two", ("b",), 1, pause=7)]
    outcomes(batches, bad(), calm)
    assert calm.pauses == [5]


def test_a_wave_that_is_stopped_is_not_waited_for() -> None:
    calm = Calm()
    outcomes([Batch("one", ("a",), 1, pause=5), Batch("two", ("b",), 1)], bad("a"), calm)
    assert calm.pauses == []


def test_after_a_signal_no_stack_starts_and_those_under_way_end() -> None:
    calm = Calm()

    def run(stack: str) -> Result:
        calm.signal = signal.SIGINT if stack == "b" else None
        return GOOD

    assert outcomes([Batch("one", ("a", "b", "c"), 1), Batch("two", ("d",), 1)], run, calm) == {
        "a": "succeeded",
        "b": "succeeded",
        "c": "not started: interrupted",
        "d": "not started: interrupted",
    }


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), st.none() | st.integers(1, 3))),
    st.sets(st.integers(0, 20)),
)
def test_every_stack_has_exactly_one_result(
    waves: list[tuple[int, int, int | None]], broken: set[int]
) -> None:
    batches, number = [], 0
    for size, parallel, stop in waves:
        stacks = tuple(str(index) for index in range(number, number + size))
        batches.append(Batch(f"wave {number}", stacks, parallel, stop))
        number += size
    run = bad(*map(str, broken))
    names = [stack for stack, _ in run_batches(batches, run, Calm())]
    assert sorted(names, key=int) == [str(index) for index in range(number)]
