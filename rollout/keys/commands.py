"""The commands `keys list`, `keys rotate` and `keys rollback`.

Exit codes of `keys list`: 0 done; 1 with `--exit-code`, something is due; 2 a stack can't be read.
Of the others: 0 done, 1 something failed.
"""
# ruff: noqa: PLR0913 - a command has an argument for each of its options

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from rollout.choosing.inventory import Member, inventory, project_root, select
from rollout.choosing.options import Globs, Json, Redact, Stacks, duration
from rollout.reporting.output import Output, Redactor
from rollout.result import Exit

NOW: Callable[[], datetime] = partial(datetime.now, UTC)

_DUE: Final = 1
_NOT_READ: Final = 2

app: Final = typer.Typer(help="Show and change the access keys of users.", no_args_is_help=True)

OlderThan = Annotated[
    timedelta,
    typer.Option(metavar="TIME", parser=duration, help="Age at which a key is due: 90d, 24h, 60s."),
]
QuietFor = Annotated[
    timedelta,
    typer.Option(
        metavar="TIME",
        parser=duration,
        help="How long an old key is unused before it is made inactive, and then deleted.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


@app.command("list")
def list_(
    globs: Globs = None,
    stacks: Stacks = None,
    older_than: OlderThan = "90d",  # type: ignore[assignment] # as the parser takes it
    quiet_for: QuietFor = "24h",  # type: ignore[assignment]
    *,
    redact: Redact = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with code 1 if something is due.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the keys of all users: age, last use, where they are delivered, and what is due.

    Exit codes: 0 done, 1 with --exit-code something is due, 2 a stack can't be read.
    """
    # 0.3 s for boto3, which no other command needs at its start
    from rollout.keys import report  # noqa: PLC0415
    from rollout.keys.reading import read_stacks  # noqa: PLC0415
    from rollout.keys.steps import Asked, due  # noqa: PLC0415

    asked = Asked(NOW(), older_than, quiet_for)
    output = Output(as_json=as_json, redactor=Redactor() if redact else None)
    root = project_root()
    found = output.of(read_stacks(root, _members(root, [*(stacks or ()), *(globs or ())])))
    if as_json:
        typer.echo(json.dumps(report.as_json(found, asked), indent=2))
    else:
        report.show(Console(highlight=False, markup=False), found, asked)
    for one in found:
        if one.error is not None:
            typer.echo(f"error: {one.error}", err=True)
    if any(one.error is not None for one in found):
        raise typer.Exit(_NOT_READ)
    is_due = any(due(user, asked)[0].is_due for one in found for user in one.users)
    raise typer.Exit(_DUE if exit_code and is_due else Exit.DONE)


def _members(root: Path, patterns: Sequence[str]) -> Sequence[Member]:
    return select(inventory(root), patterns)
