"""What stacks come to, on a terminal or in a log: who gains or loses what, then the resources."""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rollout.access_words import Verdict
from rollout.report import (
    UNCHANGED,
    Group,
    Sentence,
    groups,
    in_stacks,
    printable,
    some,
    step_words,
)
from rollout.result import Result

_SIGNS: Final = {Verdict.WIDER: "+", Verdict.NARROWER: "-", Verdict.NONE: "·"}
_STYLES: Final = {Verdict.WIDER: "bold red", Verdict.NARROWER: "green", Verdict.NONE: ""}
_INDENT: Final = 2


def show_changes(console: Console, results: Mapping[str, Result]) -> None:
    """Print what changes, stacks that change alike together; failures are told elsewhere.

    On a terminal long sentences are wrapped; in a log each stays one line, to be searched for.
    """
    for group in groups(results):
        if group.steps or group.sentences:
            console.print()
            console.print(_title(group), soft_wrap=not console.is_terminal)
            _show_lines(console, [_line(one) for one in group.sentences or ()])
            _show_lines(console, [("", Text(words, "dim")) for words in step_words(group.steps)])


def access_text(verdicts: Iterable[tuple[Verdict, int]]) -> Text:
    """Return `1 wider, 2 narrower`."""
    told = [Text(f"{count} {verdict.value}", _STYLES[verdict]) for verdict, count in verdicts]
    return Text(", ").join(told) if told else Text(UNCHANGED)


def access_cell(result: Result) -> Text:
    """Return a stack's access in a table."""
    return (
        access_text(found[0].verdicts)
        if result.access and (found := groups({"": result}))
        else Text()
    )


def access_total(results: Mapping[str, Result]) -> Text:
    """Return `access: wider in 2 stacks, narrower in 1 stack`; empty where nobody looked."""
    found = [group for group in groups(results) if group.sentences is not None]
    parts = [
        Text(words, _STYLES[verdict])
        for verdict in (Verdict.WIDER, Verdict.NARROWER)
        if (words := in_stacks(found, verdict))
    ]
    told = Text(", ").join(parts) if parts else Text("nowhere wider or narrower")
    return Text("access: ") + told if found else Text()


def _title(group: Group) -> Text:
    names = ", ".join(map(printable, group.stacks))
    count = len(group.stacks)
    title = Text(names if count == 1 else f"{some(count, 'stack')}: {names}", "bold")
    if group.sentences is not None:
        title.append(" · ").append_text(access_text(group.verdicts))
    return title


def _line(sentence: Sentence) -> tuple[str, Text]:
    style = _STYLES[sentence.verdict]
    text, told = Text(sentence.text), str(sentence)
    return _SIGNS[sentence.verdict], text.append(told[len(sentence.text) :], style)


def _show_lines(console: Console, lines: list[tuple[str, Text]]) -> None:
    if not console.is_terminal:
        for sign, text in lines:
            console.print(Text(" " * _INDENT + (f"{sign} " if sign else "")) + text, soft_wrap=True)
        return
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column()
    table.add_column(overflow="fold")
    for sign, text in lines:
        table.add_row(" " * _INDENT + sign, text)
    console.print(table)
