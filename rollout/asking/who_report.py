"""What `who` prints: a table for people, and JSON.

The JSON, version 1::

    {"version": 1, "place": "s3://acme-site/public/x", "holders": [{
        "stack": "prod", "identity": "circleci-deploy", "kind": "role",
        "actions": ["s3:GetObject"], "resources": ["acme-site/public/*"], "conditions": [],
        "via": "CircleCI jobs of organization ...", "permissionsBoundary": null}],
     "errors": {"stack": "Pulumi.stack.yaml: ..."}, "notes": ["..."]}
"""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.iam.requests import Location
from components.settings.findings import printable
from rollout.asking.planned import NOT_LOOKED_AT
from rollout.asking.who import Found, Holder
from rollout.reporting.terminal import say, show_table

VERSION: Final = 1
_ACTION_WIDTH: Final = 32
_OURS: Final = "Only identities of this project's stacks are listed."


def notes(found: Found) -> list[str]:
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


def as_json(place: Location, found: Found) -> dict[str, Any]:
    """Return the object that `--json` prints."""
    return {
        "version": VERSION,
        "place": str(place),
        "holders": [_holder_json(one) for one in found.holders],
        "errors": {error.stack: str(error) for error in found.errors},
        "notes": notes(found),
    }


def show(console: Console, place: Location, found: Found) -> None:
    """Print the table, or that nobody has access."""
    if found.holders:
        table = Table(box=None, pad_edge=False, header_style="bold")
        words = [word for one in found.holders for word in ", ".join(one.actions).split()]
        longest = max(map(len, words))  # no action is broken over two lines
        for title in ("stack", "identity", "kind", "may", "on"):
            width = min(longest, _ACTION_WIDTH) if title == "may" else None
            table.add_column(title, overflow="fold", min_width=width)
        for one in found.holders:
            cells = (one.stack, one.identity, one.kind, ", ".join(one.actions), _on(one))
            table.add_row(*(Text(printable(cell)) for cell in cells))
        show_table(console, table)
        _show_ways(console, found)
    else:
        say(console, Text(f"No identity of these stacks may do anything on {place}."))
    console.print()
    for note in notes(found):
        say(console, Text(printable(note)))


def _show_ways(console: Console, found: Found) -> None:
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
    return {
        "stack": holder.stack,
        "identity": holder.identity,
        "kind": holder.kind,
        "actions": list(holder.actions),
        "resources": list(holder.resources),
        "conditions": list(holder.conditions),
        "via": holder.via,
        "permissionsBoundary": holder.boundary,
    }
