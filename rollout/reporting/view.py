"""Progress while stacks run: lines that change on a terminal, plain lines elsewhere."""

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from components.settings.findings import printable
from rollout.result import Result, Status

STYLES: Final[Mapping[Status, str]] = {
    Status.SUCCEEDED: "green",
    Status.FAILED: "bold red",
    Status.DONE_BEFORE: "green",
    Status.NOT_REACHED: "yellow",
    Status.NOT_DEPLOYED: "yellow",
}
_SAYS_NOTHING: Final = re.compile(r"\W*(error)?\W*", re.IGNORECASE)
_A_SECOND: Final = 4
"""How often a terminal is redrawn."""


def outcome(stack: str, result: Result) -> Text:
    text = Text.assemble((stack, "bold"), " ", (result.status.value, STYLES[result.status]))
    if result.changes:
        text.append(f" · {counts(result.changes)}")
    if result.seconds:
        text.append(f" · {result.seconds:.1f} s", "dim")
    if result.error:
        text.append(f" · {printable(_first_words(result.error))}")
    return text


def _first_words(error: str) -> str:
    """Return the first line of an error that says something, unlike `error:` and `====`."""
    lines = error.strip().splitlines()
    return next((line.strip() for line in lines if not _SAYS_NOTHING.fullmatch(line)), error)


def counts(changes: Mapping[str, int]) -> str:
    """Return changes in words, as `2 create, 1 update`."""
    return ", ".join(f"{number} {op}" for op, number in changes.items())


class View:
    """Shows progress in a log: one line when a stack starts and one when it ends.

    Several threads call it.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._ended = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def say(self, text: str) -> None:
        """Show a text that is not about one stack."""
        self._console.print(Text(printable(text)), soft_wrap=True)

    def started(self, stack: str) -> None:
        self._console.print(f"{stack} started", soft_wrap=True)

    def progressed(self, stack: str, words: str) -> None:
        """Show what a stack does; only locks, since a log of many stacks is long enough."""
        if words.startswith(("waits", "was locked")):
            self._console.print(f"{stack} {words}", soft_wrap=True)

    def ended(self, stack: str, result: Result) -> None:
        self._ended += 1
        place = f"[{self._ended}/{self._total}] "
        self._console.print(Text.assemble(place, outcome(stack, result)), soft_wrap=True)


class LiveView(View):
    """For a terminal: lines of running stacks change in place, those that ended stay above."""

    def __init__(
        self, console: Console, total: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(console, total)
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[str, tuple[float, str]] = {}
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=_A_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        self._console.print(Text(printable(text)))

    def started(self, stack: str) -> None:
        with self._lock:
            self._running[stack] = (self._clock(), "starts")

    def progressed(self, stack: str, words: str) -> None:
        with self._lock:
            began, _ = self._running[stack]
            self._running[stack] = (began, words)

    def ended(self, stack: str, result: Result) -> None:
        with self._lock:
            self._running.pop(stack, None)
            self._ended += 1
        self._console.print(outcome(stack, result), no_wrap=True, overflow="ellipsis")

    def _render(self) -> Group:
        with self._lock:
            running = dict(self._running)
            ended = self._ended
        table = Table.grid(padding=(0, 1))
        now = self._clock()
        for stack, (began, words) in running.items():
            seconds = Text(f"{now - began:.0f} s", "dim", justify="right")
            table.add_row(Text(stack, "bold"), seconds, Text(words, no_wrap=True))
        rest = self._total - ended - len(running)
        state = f"{ended} of {self._total} done, {len(running)} running, {rest} to come"
        return Group(table, Text(state, "dim"))


def view_on(console: Console, total: int, environment: Mapping[str, str] = os.environ) -> View:
    """Return the view for a console and a number of stacks.

    CircleCI gives its jobs a terminal but keeps a log, so with CI set the lines are plain.
    """
    is_live = console.is_interactive and not environment.get("CI")
    return LiveView(console, total) if is_live else View(console, total)
