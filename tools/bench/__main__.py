"""`python -m tools.bench`: about four minutes on two cores."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from tools.bench import contestants
from tools.bench.access_map import seconds_and_megabytes
from tools.bench.deciding import seconds_a_call
from tools.bench.project import Bench, project

LOOP_GOAL: Final = 0.33
ONE_GOAL: Final = 1.1
MEMORY_GOAL: Final = 1.1
BY_HAND_GOAL: Final = 1.05
FEW: Final = 10
"""Stacks whose memory is compared with that of all."""


@dataclass(frozen=True)
class Ratio:
    """One comparison; the ratio is below 1 where ours needs less."""

    what: str
    ours: float
    other: float
    unit: str = "s"
    goal: float | str | None = None

    def row(self) -> tuple[str, ...]:
        numbers = (f"{self.ours:.1f} {self.unit}", f"{self.other:.1f} {self.unit}")
        ratio = f"{self.ours / self.other:.2f}"
        return (self.what, *numbers, ratio, "" if self.goal is None else f"at most {self.goal}")


def many(made: Bench) -> Iterator[Ratio]:
    """Preview all stacks: half of the loop before the others, half of it after them."""
    half = len(made.stacks) // 2
    loop = contestants.loop(made, made.stacks[:half])
    first, threads, second = (
        contest(made, made.stacks)
        for contest in (contestants.rollout, contestants.threads, contestants.rollout)
    )
    loop += contestants.loop(made, made.stacks[half:])
    rollout, number = (first + second) / 2, len(made.stacks)
    yield Ratio(f"{number} stacks, against a loop of pulumi", rollout, loop, goal=LOOP_GOAL)
    yield Ratio(f"{number} stacks, against threads in one process", rollout, threads)


def one(made: Bench, repeats: int) -> Iterator[Ratio]:
    """Preview one stack, the sides in turns."""
    stack = made.stacks[:1]
    contestants.init_stack(made, made.empty, *stack)
    turns = [
        (
            contestants.rollout(made, stack),
            contestants.loop(made, stack),
            contestants.preview(made, made.empty, *stack),
        )
        for _ in range(repeats)
    ]
    rollout, plain, empty = (median(side) for side in zip(*turns, strict=True))
    yield Ratio("1 stack, against pulumi", rollout, plain, goal=ONE_GOAL)
    yield Ratio("pulumi on 1 stack, against an empty program", plain, empty)


def by_hand(made: Bench, number: int, repeats: int) -> Iterator[Ratio]:
    """Preview and deploy users with the program and with one written by hand, in turns."""
    stack = made.users[number]
    roots = (made.root, made.by_hand)
    for root in roots:
        contestants.init_stack(made, root, stack)
    for what, contest in (("preview", contestants.preview), ("up", contestants.up)):
        turns = [[contest(made, root, stack) for root in roots] for _ in range(repeats)]
        ours, other = (median(side) for side in zip(*turns, strict=True))
        users = f"{number} user" if number == 1 else f"{number} users"
        yield Ratio(f"{what} of {users}, against by hand", ours, other, goal=BY_HAND_GOAL)


def memory(made: Bench) -> Iterator[Ratio]:
    """Compare the peak memory of all stacks with that of a few."""
    command = (sys.executable, "-m", "rollout", "preview", "--json")
    few, everything = (
        contestants.peak_mib(made, [*command, *stacks])
        for stacks in (made.stacks[:FEW], made.stacks)
    )
    what = f"memory of {len(made.stacks)} stacks, against {FEW}"
    yield Ratio(what, everything, few, "MiB", MEMORY_GOAL)


def deciding(calls: int) -> Ratio:
    """Read an object in the sandbox, and from moto without its gate."""
    ours, other = (1000 * side for side in seconds_a_call(calls))
    return Ratio("a decided call, against plain moto", ours, other, "ms", "2 ms more")


def access_map(identities: int = 100, buckets: int = 200) -> Iterator[Ratio]:
    seconds, size = seconds_and_megabytes(identities, buckets)
    what = f"the map of {identities} identities by {buckets} buckets"
    yield Ratio(f"{what}, against 2 s", seconds, 2.0, goal=1)
    yield Ratio("its page, against 3 MB", size, 3.0, "MB", 1)


def main(
    stacks: Annotated[int, typer.Option(min=FEW, help="Stacks to preview.")] = 50,
    repeats: Annotated[int, typer.Option(min=1, help="Turns of the single stack.")] = 9,
    users: Annotated[int, typer.Option(min=2, help="Users of the large stack.")] = 200,
) -> None:
    table = Table("what", "ours", "other", "ratio", "goal", box=None)
    for ratio in (deciding(100 * repeats), *access_map()):
        table.add_row(*ratio.row())
    with project(stacks, (1, users)) as made:
        contestants.make(made)
        for ratio in (
            *one(made, repeats),
            *by_hand(made, 1, repeats),
            *by_hand(made, users, max(1, repeats // 3)),
            *many(made),
            *memory(made),
        ):
            table.add_row(*ratio.row())
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
