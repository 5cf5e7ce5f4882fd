"""What stacks come to, on a terminal or in a log: who gains or loses what, then the resources."""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.console import Console
from rich.text import Text

from components.settings.findings import printable
from rollout.access.words import Verdict
from rollout.reporting.report import (
    UNCHANGED,
    Group,
    Sentence,
    groups,
    in_stacks,
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
        if group.steps or group.sentences or group.warnings:
            console.print()
            console.print(_title(group), soft_wrap=not console.is_terminal)
            for warning in group.warnings:
                _show(console, Text("warning: ", "yellow") + Text(warning))
            for sentence in group.sentences or ():
                _show(console, _styled(sentence), _SIGNS[sentence.verdict])
            for words in step_words(group.steps):
                _show(console, Text(words, "dim"))


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


def _styled(sentence: Sentence) -> Text:
    verdict = str(sentence)[len(sentence.text) :]
    return Text(sentence.text).append(verdict, _STYLES[sentence.verdict])


def _show(console: Console, text: Text, sign: str = "") -> None:
    """Print a line, indented; on a terminal what has no room goes on below where it began."""
    head = " " * _INDENT + (f"{sign} " if sign else "")
    lines = [text]
    if console.is_terminal:
        lines = list(text.wrap(console, max(console.width - len(head), 1), overflow="fold"))
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text(" " * len(head) if number else head) + line, soft_wrap=True)
