"""The command `map`."""
# ruff: noqa: PLR0913, PLR0917 - a command has an argument for each of its options

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from rollout.asking.asked import NOT_LOOKED_AT
from rollout.choosing.git import Commit, commits
from rollout.choosing.inventory import project_root
from rollout.choosing.options import Globs, Json, Redact, Stacks
from rollout.errors import RolloutError
from rollout.mapping import tables
from rollout.mapping.history import history
from rollout.mapping.markdown import as_markdown
from rollout.mapping.model import OnAws, Review
from rollout.mapping.rows import read_rows
from rollout.mapping.since import changes_since
from rollout.reporting.output import Output, Redactor
from rollout.result import Exit

NOW: Callable[[], datetime] = partial(datetime.now, UTC)
_OURS: Final = "Only identities of this project's stacks are shown."


def map_(
    globs: Globs = None,
    stacks: Stacks = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one HTML page.")] = None,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a row for each identity, prefix and action."),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a comment for a pull request.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="Add what changed since this commit, and the commits that did it."
        ),
    ] = None,
    *,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="Add what AWS has; it is read, never changed.")
    ] = False,
    redact: Redact = False,
    as_json: Json = False,
) -> None:
    """Show who may do what in all stacks, from their files; no engine and no AWS are needed.

    The exit code is 1 if a stack's file can't be used, or an account can't be read.
    """
    output = Output(as_json=as_json, redactor=Redactor() if redact else None)
    with output.redacted(Console(stderr=True)):
        made = _review(project_root(), [*(stacks or ()), *(globs or ())], since)
        if html or csv or as_json:  # the table and the comment do not show it
            made = replace(made, history=history(project_root(), made.rows) if made.commit else {})
        if deployed:
            made = replace(made, deployed=_deployed(project_root(), made.stacks))
        review = output.of(made)
    for option, path, make in (
        ("--html", html, _as_html),
        ("--csv", csv, tables.as_csv),
        ("--markdown", markdown, as_markdown),
    ):
        if path is not None:
            _write(option, path, make(review))
    if as_json:
        typer.echo(json.dumps(tables.as_json(review), indent=2))
    else:
        tables.show(Console(highlight=False, markup=False), review)
    for wrong in review.errors.values():
        typer.echo(f"error: {wrong}", err=True)
    unread = [one for one in review.deployed or () if one.error is not None]
    raise typer.Exit(Exit.FAILED if review.errors or unread else Exit.DONE)


def _review(root: Path, patterns: list[str], since: str | None) -> Review:
    rows, remarks, names, errors = read_rows(root, patterns)
    return Review(
        tuple(rows),
        tuple(remarks),
        tuple(names),
        errors,
        (f"{_OURS} {NOT_LOOKED_AT}",),
        NOW().strftime("%Y-%m-%d %H:%M UTC"),
        _head(root),
        since=None if since is None else changes_since(root, since, names, patterns),
    )


def _head(root: Path) -> Commit | None:
    try:
        return next(iter(commits(root, "map", "-1")), None)
    except RolloutError:
        return None  # no repository, or no commit in it


def _deployed(root: Path, names: Sequence[str]) -> tuple[OnAws, ...]:
    from rollout.mapping.on_aws import deployed  # noqa: PLC0415 - 0.2 s that only this option needs

    return deployed(root, names)


def _as_html(review: Review) -> str:
    from rollout.mapping.page import as_html  # noqa: PLC0415 - 0.1 s that only this option needs

    return as_html(review)


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise RolloutError(f"{option} {path}: {error.strerror}") from None
