"""The tables that commands print at the end, and what failed and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.settings.findings import printable
from rollout.choosing.check import Checked
from rollout.choosing.selection import Selection
from rollout.reporting.groups import removed_words, some
from rollout.reporting.terminal import access_cell, access_total, say, show_changes, show_table
from rollout.reporting.view import STYLES, counts
from rollout.result import Report, Result, Status


def show_results(
    console: Console, report: Report, *, steps: bool = False, access: bool = False
) -> None:
    """Print a table of all stacks, then the changes, the errors and the totals.

    Args:
        console: where to print.
        report: the results.
        steps: print each stack's changes.
        access: print what changes of access; it is unknown where a result has none.
    """
    results = report.results
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("stack", "status", "changes", *(["access"] if access else [])):
        table.add_column(title, overflow="fold")
    table.add_column("time", justify="right")
    for stack, result in results.items():
        table.add_row(
            stack,
            Text(result.status.value, STYLES[result.status]),
            counts(result.changes) or ("none" if result.done and not result.differs else ""),
            *([access_cell(result)] if access else []),
            f"{result.seconds:.1f} s" if result.seconds else "",
        )
    if results:
        show_table(console, table)
    if steps:
        show_changes(console, report)
    for (status, why), stacks in _by_error(results).items():
        _show_block(console, Text(", ".join(stacks), STYLES[status]), why)
    if results:
        console.print()
    console.print(_totals(results))
    if access and results:
        say(console, access_total(report))
    if report.removed_files:
        _show_removed(console, report.removed_files)


def _show_removed(console: Console, files: Sequence[str]) -> None:
    names = ", ".join(map(printable, files))
    words = printable(removed_words(files))
    say(console, Text(f"warning: deleted: {names}: {words}.", "yellow"))


def _by_error(results: Mapping[str, Result]) -> Mapping[tuple[Status, str], list[str]]:
    """Return the stacks with an error, those with the same one together."""
    found: dict[tuple[Status, str], list[str]] = {}
    for stack, result in results.items():
        if result.error is not None:
            found.setdefault((result.status, result.error), []).append(stack)
    return found


def _totals(results: Mapping[str, Result]) -> Text:
    parts = []
    for status in Status:
        number = sum(result.status is status for result in results.values())
        parts += [f"{number} {status.value}"] if number else []
    return Text(": ".join(filter(None, [some(len(results), "stack"), ", ".join(parts)])))


def show_left_out(console: Console, selection: Selection, names: Sequence[str]) -> None:
    """Print which stacks of a selection are not among those to be deployed, and why."""
    for name, member in selection.members.items():
        if member.error and name not in names:
            _show_block(console, Text(f"left out: {name}", "yellow"), member.error)


def _show_block(console: Console, title: Text, text: str) -> None:
    console.print()
    console.print(title, soft_wrap=True)
    for line in text.splitlines():
        console.print(Text(f"  {printable(line)}"), soft_wrap=True)


def show_stacks(console: Console, selection: Selection) -> None:
    """Print the stacks of a selection with their wave, account and region."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("stack", "wave", "account", "region"):
        table.add_column(title, overflow="fold")
    for name, member in selection.members.items():
        wave = selection.waves.wave_of(name)
        cells = (name, wave or "none", member.account or "?", member.region or "?")
        table.add_row(*(Text(printable(cell)) for cell in cells))
    show_table(console, table)
    for member in selection.members.values():
        if member.error:
            console.print(Text(member.error, "yellow"), soft_wrap=True)
    if selection.removed_files:
        _show_removed(console, selection.removed_files)


def show_checked(console: Console, found: Checked) -> None:
    """Print the findings of a check, one a line, then their number."""
    for file, findings in found.wrong.items():
        for finding in findings:
            console.print(Text(f"{file}: {finding}"), soft_wrap=True)
    for text in found.unknown:
        console.print(Text(printable(text)), soft_wrap=True)
    number = sum(map(len, found.wrong.values()))
    told = some(number, "error") if number else "no errors"
    console.print(Text(f"{some(found.stacks, 'stack')} checked: {told}"))


def checked_json(found: Checked) -> dict[str, Any]:
    return {
        "wrong": [
            {"file": file, "path": finding.path, "message": finding.message}
            for file, findings in found.wrong.items()
            for finding in findings
        ],
        "unknown": list(found.unknown),
    }


def stacks_json(selection: Selection) -> dict[str, Any]:
    return {
        name: {
            "wave": selection.waves.wave_of(name) or None,
            "account": member.account,
            "region": member.region,
            "error": member.error,
        }
        for name, member in selection.members.items()
    }
