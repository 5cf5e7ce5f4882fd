"""Prints changes on a terminal or in a log: who gains or loses what, then the resources."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.settings.findings import printable
from rollout.access.sentences import Line, Verdict
from rollout.reporting.groups import (
    UNCHANGED,
    Group,
    access_words,
    group_of,
    groups,
    some,
    step_words,
)
from rollout.result import Report, Result

_SIGNS: Final = {
    Verdict.BREAKS: "!",
    Verdict.WIDER: "+",
    Verdict.NARROWER: "-",
    Verdict.NONE: "·",
}
_STYLES: Final = {
    Verdict.BREAKS: "bold magenta",
    Verdict.WIDER: "bold red",
    Verdict.NARROWER: "green",
    Verdict.NONE: "",
}
_INDENT: Final = 2
_ANY: Final = 1_000_000
"""Wider than any table."""


def show_table(console: Console, table: Table) -> None:
    """Print a table: a terminal wraps cells; in a log or a pipe each row is one line."""
    if console.is_terminal:
        console.print(table)
        return
    for line in console.render_lines(table, console.options.update(max_width=_ANY), pad=False):
        console.print(Text("".join(part.text for part in line).rstrip()), soft_wrap=True)


def say(console: Console, text: Text) -> None:
    """Print a text: a terminal wraps it; in a log or a pipe it is one line."""
    console.print(text, soft_wrap=not console.is_terminal)


def show_changes(console: Console, report: Report) -> None:
    """Print what changes, for each group of stacks; `tables` prints the failures."""
    for group in groups(report):
        if group.steps or group.lines or group.warnings:
            console.print()
            say(console, _title(group))
            for warning in group.warnings:
                show_indented(console, Text("warning: ", "yellow") + Text(warning))
            for line in group.lines or ():
                show_indented(console, _styled(line), _SIGNS[line.verdict])
            for words in step_words(group.steps):
                show_indented(console, Text(words, "dim"), hang=_INDENT)


def access_text(verdicts: Iterable[tuple[Verdict, int]]) -> Text:
    """Return `wider: 1, narrower: 2`."""
    told = [Text(f"{verdict.value}: {count}", _STYLES[verdict]) for verdict, count in verdicts]
    return Text(", ").join(told) if told else Text(UNCHANGED)


def access_cell(result: Result) -> Text:
    return Text("unknown") if result.access is None else access_text(group_of(result).verdicts)


def access_total(report: Report) -> Text:
    """Return `access: wider in 2 stacks, narrower in 1 stack` for a preview."""
    parts = [Text(words, _STYLES[verdict]) for verdict, words in access_words(groups(report))]
    return Text("access: ") + Text(", ").join(parts)


def _title(group: Group) -> Text:
    names = ", ".join(map(printable, group.stacks))
    count = len(group.stacks)
    title = Text(names if count == 1 else f"{some(count, 'stack')}: {names}", "bold")
    if group.lines is not None:
        title.append(" · ").append_text(access_text(group.verdicts))
    return title


def _styled(line: Line) -> Text:
    verdict = str(line).removeprefix(line.text)
    return Text(line.text).append(verdict, _STYLES[line.verdict])


def show_indented(console: Console, text: Text, sign: str = "", hang: int = 0) -> None:
    """Print a line with an indent; a terminal wraps it, and indents the next lines `hang` more."""
    head = " " * _INDENT + (f"{sign} " if sign else "")
    rest = " " * (len(head) + hang)
    lines = [text]
    if console.is_terminal:
        lines = list(text.wrap(console, max(console.width - len(rest), 1), overflow="fold"))
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text(rest if number else head) + line, soft_wrap=True)
