"""What `who` prints: a table for people, and JSON of version 1, which docs/access.md describes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.iam.requests import Location
from components.settings.findings import printable
from rollout.asking.asked import NOT_LOOKED_AT
from rollout.asking.who import Holder, Holders
from rollout.reporting.terminal import say, show_indented, show_table

VERSION: Final = 1
_TITLES: Final = ("stack", "identity", "kind", "may", "on")
_ACTION_WIDTH: Final = 32
_GAP: Final = 2
"""Between two columns."""
_OURS: Final = "Only identities of this project's stacks are listed."


def notes(found: Holders) -> list[str]:
    """What the answer leaves out: what is not looked at, and permissions boundaries."""
    bounded: dict[str, dict[str, str]] = {}
    for one in found.holders:
        if one.boundary:
            bounded.setdefault(one.identity, {})[one.stack] = one.boundary
    return [f"{_OURS} {NOT_LOOKED_AT}", *(_bounded(name, arns) for name, arns in bounded.items())]


def _bounded(identity: str, arns: Mapping[str, str]) -> str:
    if len(set(arns.values())) == 1:
        return f"{identity} has the permissions boundary {next(iter(arns.values()))}."
    return f"{identity} has a permissions boundary in {len(arns)} stacks."


def as_json(place: Location, found: Holders) -> dict[str, Any]:
    return {
        "version": VERSION,
        "place": str(place),
        "holders": [_holder_json(one) for one in found.holders],
        "errors": {error.stack: str(error) for error in found.errors},
        "notes": notes(found),
    }


def show(console: Console, place: Location, found: Holders) -> None:
    """Print the table, or that nobody has access."""
    if found.holders:
        rows = [_cells(one) for one in found.holders]
        widths = _widths(rows, console.width) if console.is_terminal else [None] * len(_TITLES)
        if widths:
            _show_rows(console, rows, widths)
        else:
            _show_blocks(console, rows)
        _show_ways(console, found)
    else:
        say(console, Text(f"No identity of these stacks may do anything on {place}."))
    console.print()
    for note in notes(found):
        say(console, Text(printable(note)))


def _cells(holder: Holder) -> list[str]:
    cells = (holder.stack, holder.identity, holder.kind, ", ".join(holder.actions), _on(holder))
    return list(map(printable, cells))


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int | None]:
    """Return the columns' widths with which no word is broken; none if the table is too wide."""
    columns = list(zip(_TITLES, *rows, strict=True))
    whole = [max(map(cell_len, column)) for column in columns]
    words = [max(cell_len(word) for cell in column for word in cell.split()) for column in columns]
    *heads, may, on = whole
    may = max(words[-2], min(may, _ACTION_WIDTH))
    left = width - sum(heads) - may - _GAP * len(heads) - _GAP
    return [*heads, may, min(on, left)] if left >= words[-1] else []


def _show_rows(
    console: Console, rows: Sequence[Sequence[str]], widths: Sequence[int | None]
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, width in zip(_TITLES, widths, strict=True):
        table.add_column(title, overflow="fold", width=width)
    for cells in rows:
        table.add_row(*map(Text, cells))
    show_table(console, table)


def _show_blocks(console: Console, rows: Sequence[Sequence[str]]) -> None:
    """Print a few lines for each holder, for a terminal that is too narrow for the table."""
    for stack, identity, kind, may, on in rows:
        say(console, Text(f"{stack}: {kind} {identity}", "bold"))
        show_indented(console, Text(f"may {may}"), hang=_GAP)
        show_indented(console, Text(f"on {on}"), hang=_GAP)


def _show_ways(console: Console, found: Holders) -> None:
    """Print which jobs or keys use each identity, once for those with the same ones."""
    ways: dict[tuple[str, str], list[str]] = {}
    for one in found.holders:
        stacks = ways.setdefault((one.identity, one.via), [])
        stacks += [one.stack] if one.stack not in stacks else []
    for (identity, via), stacks in ways.items():
        where = stacks[0] if len(stacks) == 1 else f"{len(stacks)} stacks"
        console.print()
        whose = Text(printable(f"{identity} of {where}: "), "bold")
        say(console, Text.assemble(whose, printable(via)))


def _on(holder: Holder) -> str:
    where = f" where {' and '.join(holder.conditions)}" if holder.conditions else ""
    return f"{', '.join(holder.resources)}{where}"


def _holder_json(holder: Holder) -> dict[str, Any]:
    told = asdict(holder)
    told["permissionsBoundary"] = told.pop("boundary")
    return told
