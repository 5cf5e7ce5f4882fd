"""What stacks come to, as one comment on a pull request: GitHub's Markdown, of a size it takes.

A comment holds a line for each group of stacks that come to the same, and what they come to is
folded away below it. What a name could make of Markdown is shown as it is, in code spans and, where
GitHub reads HTML, in entities.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from components.settings.findings import printable
from rollout.access.words import Verdict
from rollout.reporting.comment_format import GITHUB_TAKES, marker
from rollout.reporting.report import (
    UNCHANGED,
    Group,
    Sentence,
    access_words,
    groups,
    removed_words,
    some,
    step_words,
)
from rollout.result import Report, Status

MARKER: Final = marker("preview")
"""The first line: `tools.ci.comment` finds the comment by it."""

LONGEST: Final = GITHUB_TAKES - 1_024
"""Bytes of the text; the rest is for what the comment's writer adds: commit, link to the job.

GitHub counts characters, which are never more than the bytes.
"""

_LONGEST_LINE: Final = 1_000
_LONGEST_NAME: Final = 100
_NAMED: Final = 3
"""Stacks that a group's summary names; the rest are in what is folded."""
_TO_A_LINE: Final = 10
_NOTE: Final = 400
"""Bytes kept for the line that says what was cut."""
_TICKS: Final = re.compile("`+")


@dataclass
class _Block:
    """A group's part of the comment; `shown` are those of its lines that have room."""

    group: Group
    summary: str
    lines: Sequence[str]
    resources: Sequence[str]
    shown: list[str] = field(default_factory=list)

    @property
    def cut(self) -> int:
        """How many lines have no room."""
        return len(self.lines) + len(self.resources) - len(self.shown)

    def text(self) -> str:
        """The block as Markdown: an empty line ends HTML, and Markdown begins again."""
        if not self.lines and not self.resources:
            return f"<p>{self.summary}</p>\n\n"
        cut = [f"- and {some(self.cut, 'line')} more, cut"] if self.cut else []
        body = "\n".join([*self.shown, *cut])
        return f"<details><summary>{self.summary}</summary>\n\n{body}\n\n</details>\n\n"


def markdown(report: Report, longest: int = LONGEST) -> str:
    """Return the comment on a preview.

    Args:
        report: what the preview came to.
        longest: bytes that the text may have; at least 1,024, besides deleted files.
    """
    found = groups(report)
    head = f"{MARKER}\n### {_headline(found, report)}\n\n{_removed(report.removed_files)}"
    blocks = [_block(group) for group in found]
    room = longest - _size(head) - _NOTE
    fitting = _fitting(blocks, room)
    room -= sum(_size(block.text()) for block in fitting)
    for lines in ("lines", "resources"):
        for block in fitting:
            room = _show(block, getattr(block, lines), room)
    note = _cut_note(fitting, blocks[len(fitting) :])
    return head + "".join(block.text() for block in fitting) + note


def _fitting(blocks: Sequence[_Block], room: int) -> Sequence[_Block]:
    """The first blocks, as many as have room with their summaries alone."""
    for count, block in enumerate(blocks):
        room -= _size(block.text())
        if room < 0:
            return blocks[:count]
    return blocks


def _show(block: _Block, lines: Iterable[str], room: int) -> int:
    """Show lines of a block while there is room; return what is left of it."""
    for line in lines:
        if (needed := _size(line) + 1) > room:
            break
        block.shown.append(line)
        room -= needed
    return room


def _cut_note(fitting: Iterable[_Block], left_out: Sequence[_Block]) -> str:
    cut = [block for block in fitting if block.cut]
    parts = []
    if cut:
        lines = some(sum(block.cut for block in cut), "line")
        parts.append(f"{lines} on {some(sum(len(b.group.stacks) for b in cut), 'stack')}")
    if left_out:
        parts.append(f"all of {some(sum(len(b.group.stacks) for b in left_out), 'more stack')}")
    if not parts:
        return ""
    pressing = [
        f"**{verdict.value}**"
        for verdict in (Verdict.BREAKS, Verdict.WIDER)
        if any(b.group.count(verdict) for b in left_out)
    ]
    warning = f" (access: {' and '.join(pressing)} in some of them)" if pressing else ""
    what = " and ".join(parts)
    return f"\nCut to what GitHub takes: {what}{warning} had no room here; `--json` has all.\n"


def _headline(found: Sequence[Group], report: Report) -> str:
    parts = [some(len(report.results), "stack")]
    if gone := len(report.removed_files):
        parts.append(f"{some(gone, 'stack file')} deleted")
    if found:
        parts.append(f"access {', '.join(words for _, words in access_words(found))}")
    for status in (Status.FAILED, Status.NOT_REACHED):
        number = sum(len(group.stacks) for group in found if group.status is status)
        parts += [f"{number} {status.value}"] if number else []
    return f"Preview of {', '.join(parts)}"


def _removed(files: Sequence[str]) -> str:
    """What the headline's deleted files mean, whatever else has room."""
    if not files:
        return ""
    named = ", ".join(code(_short(name, _LONGEST_NAME)) for name in files[:_TO_A_LINE])
    more = f" and {len(files) - _TO_A_LINE} more" if len(files) > _TO_A_LINE else ""
    return f"**Deleted:** {named}{more}: {removed_words(files)}.\n\n"


def _block(group: Group) -> _Block:
    lines = [f"- warning: {code(warning)}" for warning in group.warnings]
    lines += [_sentence(one) for one in group.sentences or ()]
    if group.error is not None:
        lines += [f"- {code(line)}" for line in group.error.splitlines() if line.strip()]
    if len(group.stacks) > _NAMED:
        for start in range(0, len(group.stacks), _TO_A_LINE):
            names = group.stacks[start : start + _TO_A_LINE]
            lines.append(f"- in {', '.join(map(code, names))}")
    resources = [f"- {code(words)}" for words in step_words(group.steps)]
    return _Block(group, _summary(group), lines, resources)


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
    if group.sentences is not None:
        told = [f"<b>{number} {verdict.value}</b>" for verdict, number in group.verdicts]
        parts.append(", ".join(told) or UNCHANGED)
    else:
        parts.append("access unknown")
    changes = ", ".join(f"{number} {op}" for op, number in group.changes)
    return " · ".join([*parts, *([changes] if changes else [])])


def _sentence(sentence: Sentence) -> str:
    verdict = sentence.verdict
    told = "" if verdict is Verdict.NONE else f" **({verdict.name})**"
    return f"- {code(sentence.text)}{told}"


def code(text: str) -> str:
    """A code span that shows the text as it is: GitHub finds no mark, name or link in it."""
    text = _short(text, _LONGEST_LINE)
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    # A space at each end is taken away again, unless there is nothing else.
    pad = " " if text[:1] in {"`", " "} or text[-1:] in {"`", " "} else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _short(text: str, longest: int) -> str:
    text = printable(text)
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text):,} characters)"


def _size(text: str) -> int:
    return len(text.encode())
