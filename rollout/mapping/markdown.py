"""The map as a comment on a pull request, in GitHub's Markdown and of a size that it accepts."""

from collections.abc import Iterator
from typing import Final

from rollout.mapping.model import LEGEND, OnAws, Review, identities
from rollout.mapping.tables import BESIDE, by_commit, deployed_words
from rollout.reporting.comment_format import marker
from rollout.reporting.groups import some
from rollout.reporting.markdown import LONGEST, code, folded, markdown

NAME: Final = "map"
"""The comment's: beside the preview's, not in its place."""
_HEAD: Final = "| stack | identity | bucket | may | below |\n|---|---|---|---|---|\n"
_Block = tuple[str, list[str], str]
"""A title, its lines, and what is above them."""


def as_markdown(review: Review, longest: int = LONGEST) -> str:
    """Return the changes first, if they were asked for, then the map itself, folded."""
    text = _changes(review, longest)
    wrong = [f"- {code(line)}" for error in review.errors.values() for line in error.splitlines()]
    errors: _Block = (f"Files that can't be used: {len(review.errors)}", wrong, "")
    for title, lines, head in (errors, *_of_deployed(review.deployed or ()), *_map(review)):
        text += folded(title, lines, longest - len(text.encode()), head)
    return text


def _changes(review: Review, longest: int) -> str:
    since = review.since
    if since is None:
        names = some(len(review.stacks), "stack")
        return f"{marker(NAME)}\n### Who may do what in {names}\n\n"
    ref = code(since.ref)
    if not since.report.results and not since.report.removed_files:
        return f"{marker(NAME)}\n### No stack's file changed since {ref}\n\n"
    title = f"Access since {ref}, by the files alone, in"
    text = markdown(since.report, longest // 2, what=NAME, title=title)
    lines = [
        f"- {code(commit)}: {', '.join(map(code, of))}" for commit, of in by_commit(since).items()
    ]
    return text + folded(some(len(lines), "commit"), lines, longest // 4)


def _of_deployed(deployed: tuple[OnAws, ...]) -> Iterator[_Block]:
    for one in deployed:
        lines = [
            f"- {code(f'{stack}: {found.name} {line}')}"
            for stack, result in one.report.results.items()
            for found in result.access or ()
            for line in found.lines
        ]
        lines += [f"- {code(f'{name}: {BESIDE}')}" for name in one.beside]
        title = f"Account {one.account} on AWS: {deployed_words(one)}"
        yield title, lines or [f"- {code(deployed_words(one))}"], ""


def _map(review: Review) -> Iterator[_Block]:
    for concern, found in review.concerns.items():
        lines = [
            f"- {code(' '.join(filter(None, [one.stack, one.identity, one.bucket])))}: "
            f"{code(one.text)} ({code(str(one.source))})"
            for one in found
        ]
        yield f"{concern.value}: {len(found)}", lines, ""
    for account, rows in review.accounts.items():
        lines = [
            "| " + " | ".join(_cell(one) for one in cells) + " |"
            for row in rows
            for cell in row.cells
            for cells in [
                (row.stack, row.name, cell.bucket, cell.letters, ", ".join(cell.prefixes))
            ]
        ]
        yield f"Account {account}: {identities(len(rows))}", lines, _HEAD
    yield "What is not looked at", [f"- {code(note)}" for note in (LEGEND, *review.notes)], ""


def _cell(text: str) -> str:
    return code(text).replace("|", "\\|") if text else ""
