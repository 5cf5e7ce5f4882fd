"""A preview as one comment on a pull request: GitHub's Markdown, of a size that GitHub accepts.

A comment has a line for each group of stacks with the same result, and the details folded below it.
Names are in code spans, or escaped as HTML entities, so that GitHub finds no markup in them.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from components.settings.findings import printable
from rollout.access.sentences import Line, Verdict
from rollout.reporting.comment_format import GITHUB_TAKES, marker
from rollout.reporting.groups import (
    UNCHANGED,
    Group,
    access_words,
    groups,
    removed_words,
    some,
    step_words,
)
from rollout.result import Report, Status

LONGEST: Final = GITHUB_TAKES - 1_024
"""Bytes of the text; the rest is for what the comment's writer adds: commit, link to the job.

GitHub counts characters, which are never more than the bytes.
"""

_LONGEST_LINE: Final = 1_000
_LONGEST_NAME: Final = 100
_NAMED: Final = 3
"""How many stacks a group's summary names; the rest are in the folded part."""
_TO_A_LINE: Final = 10
_NOTE: Final = 400
"""Bytes reserved for the line that says what was cut."""
_TICKS: Final = re.compile("`+")


def markdown(
    report: Report, longest: int = LONGEST, *, what: str = "preview", title: str | None = None
) -> str:
    """Return the comment on a preview, or on drift.

    Args:
        report: the results.
        longest: the most bytes that the text may have; at least 1,024, besides deleted files.
        what: preview or drift; the first line is its marker, by which `tools.ci.comment` finds it.
        title: how the headline begins, if not with that.
    """
    found = groups(report)
    headline = f"### {title or f'{what.capitalize()} of'} {_headline(found, report)}"
    head = f"{marker(what)}\n{headline}\n\n{_removed(report.removed_files)}"
    room = longest - _size(head) - _NOTE
    fitting = _fitting(found, room)
    shown: dict[Group, list[str]] = {group: [] for group in fitting}
    room -= sum(_size(_block(group, ())) for group in fitting)
    for details in (_details, _resources):
        for group, lines in shown.items():
            room = _show(lines, details(group), room)
    note = _cut_note(shown, found[len(fitting) :])
    return head + "".join(_block(group, lines) for group, lines in shown.items()) + note


def _fitting(found: Sequence[Group], room: int) -> Sequence[Group]:
    """The first groups, as many as have room for their summaries."""
    for count, group in enumerate(found):
        room -= _size(_block(group, ()))
        if room < 0:
            return found[:count]
    return found


def _show(shown: list[str], lines: Iterable[str], room: int) -> int:
    """Add lines to those that are shown while there is room; return the room that is left."""
    for line in lines:
        if (needed := _size(line) + 1) > room:
            break
        shown.append(line)
        room -= needed
    return room


def _block(group: Group, shown: Sequence[str]) -> str:
    """A group as Markdown, with those of its lines that have room."""
    cut = _cut(group, shown)
    if not shown and not cut:
        return f"<p>{_summary(group)}</p>\n\n"
    body = "\n".join([*shown, *([f"- and {some(cut, 'line')} more, cut"] if cut else [])])
    # An empty line ends HTML, and Markdown begins again.
    return f"<details><summary>{_summary(group)}</summary>\n\n{body}\n\n</details>\n\n"


def folded(title: str, lines: Sequence[str], room: int, head: str = "") -> str:
    """A list or a table, folded, with those of its lines that have room; empty if none has."""
    shown: list[str] = []
    start = f"<details><summary>{html.escape(printable(title))}</summary>\n\n{head}"
    _show(shown, lines, room - _size(start) - _NOTE)
    if not shown:
        return ""
    left = len(lines) - len(shown)
    note = f"\n\nCut to GitHub's limit: {some(left, 'line')} more." if left else ""
    return "\n".join([start + shown[0], *shown[1:]]) + f"{note}\n\n</details>\n\n"


def _cut(group: Group, shown: Sequence[str]) -> int:
    """How many lines of a group have no room."""
    return len(_details(group)) + len(_resources(group)) - len(shown)


def _cut_note(shown: Mapping[Group, Sequence[str]], left_out: Sequence[Group]) -> str:
    cut = {group: count for group, lines in shown.items() if (count := _cut(group, lines))}
    parts = []
    if cut:
        lines = some(sum(cut.values()), "line")
        parts.append(f"{lines} on {some(sum(len(group.stacks) for group in cut), 'stack')}")
    if left_out:
        count = sum(len(group.stacks) for group in left_out)
        parts.append(f"all of {some(count, 'more stack')}")
    if not parts:
        return ""
    pressing = [
        f"**{verdict.value}**"
        for verdict in (Verdict.BREAKS, Verdict.WIDER)
        if any(group.count(verdict) for group in left_out)
    ]
    warning = f" (access: {' and '.join(pressing)} in some of them)" if pressing else ""
    what = " and ".join(parts)
    return f"\nCut to GitHub's limit: {what}{warning} left out; `--json` has everything.\n"


def _headline(found: Sequence[Group], report: Report) -> str:
    parts = [some(len(report.results), "stack")]
    if gone := len(report.removed_files):
        parts.append(f"{some(gone, 'stack file')} deleted")
    if found:
        parts.append(f"access {', '.join(words for _, words in access_words(found))}")
    for status in (Status.FAILED, Status.NOT_REACHED):
        number = sum(len(group.stacks) for group in found if group.status is status)
        parts += [f"{number} {status.value}"] if number else []
    return ", ".join(parts)


def _removed(files: Sequence[str]) -> str:
    """The deleted files and what follows from that; it is never cut."""
    if not files:
        return ""
    named = ", ".join(code(_short(name, _LONGEST_NAME)) for name in files[:_TO_A_LINE])
    more = f" and {len(files) - _TO_A_LINE} more" if len(files) > _TO_A_LINE else ""
    return f"**Deleted:** {named}{more}: {removed_words(files, code)}.\n\n"


def _details(group: Group) -> list[str]:
    lines = [f"- warning: {code(warning)}" for warning in group.warnings]
    lines += [_access(one) for one in group.lines or ()]
    if group.error is not None:
        lines += [f"- {code(line)}" for line in group.error.splitlines() if line.strip()]
    if len(group.stacks) > _NAMED:
        for start in range(0, len(group.stacks), _TO_A_LINE):
            names = group.stacks[start : start + _TO_A_LINE]
            lines.append(f"- in {', '.join(map(code, names))}")
    return lines


def _resources(group: Group) -> list[str]:
    return [f"- {code(words)}" for words in step_words(group.steps)]


def _summary(group: Group) -> str:
    names = ", ".join(
        f"<code>{html.escape(_short(stack, _LONGEST_NAME))}</code>"
        for stack in group.stacks[:_NAMED]
    )
    count = len(group.stacks)
    more = ", …" if count > _NAMED else ""
    parts = [names if count == 1 else f"<b>{some(count, 'stack')}:</b> {names}{more}"]
    if group.status is not Status.SUCCEEDED:
        parts.append(f"<b>{group.status.value}</b>")
    if group.lines is not None:
        told = [f"<b>{verdict.value}: {number}</b>" for verdict, number in group.verdicts]
        parts.append(", ".join(told) or UNCHANGED)
    else:
        parts.append("access unknown")
    changes = ", ".join(f"{number} {op}" for op, number in group.changes)
    return " · ".join([*parts, *([changes] if changes else [])])


def _access(line: Line) -> str:
    told = "" if line.verdict is Verdict.NONE else f" **({line.verdict.name})**"
    return f"- {code(line.text)}{told}"


def code(text: str) -> str:
    """A code span that shows the text as it is: GitHub finds no markup, name or link in it."""
    text = _short(text, _LONGEST_LINE)
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    # GitHub removes a space at each end again, unless there is nothing else.
    pad = " " if text[:1] in {"`", " "} or text[-1:] in {"`", " "} else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _short(text: str, longest: int) -> str:
    text = printable(text)
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text):,} characters)"


def _size(text: str) -> int:
    return len(text.encode())
