"""The map as a table on a terminal, as rows for other tools, and as JSON of version 1."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.settings.findings import printable
from rollout.choosing.git import Commit
from rollout.mapping.model import (
    LEGEND,
    UNCOMMITTED,
    OnAws,
    Review,
    Row,
    Since,
    counted,
    identities,
)
from rollout.reporting.terminal import say, show_changes, show_indented, show_table

VERSION: Final = 1
_PIPE: Final = 160
"""Characters of the widest table in a log or a pipe."""
_GAP: Final = 2
_FORMULA: Final = tuple("=+-@\t\r")
"""A spreadsheet would compute a cell that starts with one of these."""
COLUMNS: Final = (
    "account",
    "stack",
    "kind",
    "identity",
    "bucket",
    "prefix",
    "action",
    "word",
    "kmsKey",
    "condition",
    "usedBy",
    "permissionsBoundary",
    "file",
    "line",
    "changed",
)


def show(console: Console, review: Review) -> None:
    """Print a table for each account, or lines where the buckets are too many for the width."""
    for account, rows in review.accounts.items():
        say(console, Text(printable(f"account {account}"), "bold"))
        _show_account(console, rows)
        console.print()
    say(console, Text(LEGEND if review.rows else "No identity is in the files of these stacks."))
    if review.concerns:
        say(console, Text(f"deserves a look: {counted(review.concerns)}"))
    for note in review.notes:
        say(console, Text(printable(note)))
    if review.since is not None:
        _show_since(console, review.since)
    for one in review.deployed or ():
        _show_deployed(console, one)


def _show_account(console: Console, rows: Sequence[Row]) -> None:
    buckets = sorted({cell.bucket for row in rows for cell in row.cells})
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("stack", "identity", *buckets):
        table.add_column(title, no_wrap=True)
    for row in rows:
        letters = {cell.bucket: cell.letters for cell in row.cells}
        cells = (row.stack, row.name, *(letters.get(bucket, "") for bucket in buckets))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    room = console.width if console.is_terminal else _PIPE
    if console.measure(table, options=console.options.update(max_width=room * 10)).minimum <= room:
        show_table(console, table)
        return
    for row in rows:
        say(console, Text(printable(f"{row.stack}: {row.kind} {row.name}")))
        for cell in row.cells:
            show_indented(console, Text(printable(f"{cell.letters} {cell.bucket}")), hang=_GAP)


def _show_since(console: Console, since: Since) -> None:
    console.print()
    say(console, Text(printable(f"Since {since.ref} ({since.base}):"), "bold"))
    if not since.report.results and not since.report.removed_files:
        say(console, Text("no stack's file changed"))
    show_changes(console, since.report)
    for stack, result in since.report.results.items():
        if result.error is not None:
            say(console, Text(printable(f"{stack}: {UNKNOWN_BEFORE}: {result.error}")))
    for file in since.report.removed_files:
        say(console, Text(printable(f"deleted: {file}")))
    for commit, stacks in by_commit(since).items():
        say(console, Text(printable(f"{commit}: {', '.join(stacks)}"), "dim"))


BESIDE: Final = "is in no stack's file"
UNKNOWN_BEFORE: Final = "what changed is unknown"


def by_commit(since: Since) -> dict[str, list[str]]:
    """Return the commits in words, and what is in none, each with its stacks or files."""
    found: dict[str, list[str]] = {}
    for stack, commits in since.commits.items():
        for commit in commits:
            found.setdefault(str(commit), []).append(stack)
    return found | ({UNCOMMITTED: list(since.uncommitted)} if since.uncommitted else {})


def _show_deployed(console: Console, deployed: OnAws) -> None:
    console.print()
    title = f"account {deployed.account} on AWS: {deployed_words(deployed)}"
    say(console, Text(printable(title), "bold"))
    show_changes(console, deployed.report)
    for name in deployed.beside:
        show_indented(console, Text(printable(f"{name}: {BESIDE}")), hang=_GAP)


def deployed_words(deployed: OnAws) -> str:
    """Return how an account compares with the files, in short."""
    if deployed.error is not None:
        return f"unknown: {deployed.error}"
    found = [one for result in deployed.report.results.values() for one in result.access or ()]
    told = [f"{identities(len(found))} not as the files say"] if found else ["as the files say"]
    return ", ".join(told + ([f"{len(deployed.beside)} beside"] if deployed.beside else []))


def as_csv(review: Review) -> str:
    """Return a line for each action of an identity below a prefix of a bucket."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    rows.writerows([_plain(cell) for cell in line] for line in _lines(review))
    return text.getvalue()


def _lines(review: Review) -> Iterator[tuple[str, ...]]:
    for some_rows in review.accounts.values():
        for row in some_rows:
            for right in row.rights:
                yield (
                    row.account,
                    row.stack,
                    row.kind,
                    row.name,
                    right.bucket,
                    right.prefix,
                    right.action,
                    right.word or "",
                    right.key or "",
                    " and ".join(right.conditions),
                    row.via,
                    row.boundary or "",
                    right.source.file,
                    str(right.source.line),
                    review.changed(right.source),
                )


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = printable(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_json(review: Review) -> dict[str, Any]:
    """Return the object that `--json` prints."""
    told: dict[str, Any] = {
        "version": VERSION,
        "made": review.made,
        "commit": _commit_json(review.commit),
        "stacks": list(review.stacks),
        "identities": [_row_json(review, row) for rows in review.accounts.values() for row in rows],
        "remarks": [
            {**asdict(one), "concern": one.concern.value}
            for found in review.concerns.values()
            for one in found
        ],
        "errors": dict(review.errors),
        "notes": list(review.notes),
    }
    if (since := review.since) is not None:
        told["since"] = {
            "ref": since.ref,
            "base": _commit_json(since.base),
            **since.report.to_json(),
            "commits": {
                stack: [_commit_json(one) for one in some] for stack, some in since.commits.items()
            },
            "uncommitted": list(since.uncommitted),
        }
    if review.deployed is not None:
        told["deployed"] = [
            {
                "account": one.account,
                "error": one.error,
                **one.report.to_json(),
                "beside": list(one.beside),
            }
            for one in review.deployed
        ]
    return told


def _row_json(review: Review, row: Row) -> dict[str, Any]:
    told = asdict(row)
    rights = list(zip(told.pop("rights"), row.rights, strict=True))
    cells = told.pop("cells")
    told["changed"] = _commit_json(review.history.get(row.source))
    told["accessKeys"] = told.pop("access_keys")
    told["permissionsBoundary"] = told.pop("boundary")
    told["buckets"] = [
        {
            **cell,
            "letters": held.letters,
            "rights": [
                {**right, "changed": _commit_json(review.history.get(one.source))}
                for right, one in rights
                if one.bucket == cell["bucket"]
            ],
        }
        for cell, held in zip(cells, row.cells, strict=True)
    ]
    return told


def _commit_json(commit: Commit | None) -> dict[str, str] | None:
    return None if commit is None else asdict(commit)
