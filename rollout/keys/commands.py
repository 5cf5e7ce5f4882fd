"""The commands `keys list`, `keys rotate` and `keys rollback`.

Exit codes of `keys list`: 0 done; 1 with `--exit-code`, something is due; 2 a stack can't be read.
Of the others: 0 done, 1 something failed.
"""
# ruff: noqa: PLR0913 - a command has an argument for each of its options

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from components.settings.findings import printable
from rollout.choosing.inventory import Member, inventory, project_root, select
from rollout.choosing.options import Globs, Json, Redact, Stacks, duration
from rollout.errors import RolloutError
from rollout.reporting.groups import some
from rollout.reporting.output import Output, Redactor
from rollout.result import Exit

if TYPE_CHECKING:
    from rollout.keys.rotating import Rotation

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


@app.command()
def rotate(
    globs: Globs = None,
    stacks: Stacks = None,
    older_than: OlderThan = "90d",  # type: ignore[assignment]
    quiet_for: QuietFor = "24h",  # type: ignore[assignment]
    *,
    redact: Redact = False,
    yes: Yes = False,
) -> None:
    """Do the next step of each user whose key is old: a new key, its delivery, the old one's end.

    A step changes the stack's file and runs up. Run it every night, or again to do the next step.
    """
    from rollout.keys.steps import Asked  # noqa: PLC0415 - as above

    asked = Asked(NOW(), older_than, quiet_for)
    with _rotation(
        [*(stacks or ()), *(globs or ())], "Change keys in", redact=redact, yes=yes
    ) as one:
        one.rotate(asked)


@app.command()
def rollback(
    users: Annotated[list[str], typer.Argument(metavar="USER...", help="Names of users.")],
    stack: Annotated[str, typer.Option("--stack", "-s", help="Their stack.")],
    *,
    redact: Redact = False,
    yes: Yes = False,
) -> None:
    """Make the older of two keys active and current again, and deliver it."""
    with _rotation([stack], "Go back to the older key in", redact=redact, yes=yes) as run:
        run.roll_back(users)


@contextmanager
def _rotation(
    patterns: Sequence[str], verb: str, *, redact: bool, yes: bool
) -> Iterator["Rotation"]:
    """Lend a run, then print its errors and exit with 1 if there are any."""
    from rollout.keys.rotating import Rotation  # noqa: PLC0415 - as above

    output = Output(redactor=Redactor() if redact else None)

    def confirm(names: Sequence[str]) -> None:
        question = f"{verb} {some(len(names), 'stack')} ({', '.join(names)})"
        if not yes and not sys.stdin.isatty():
            raise RolloutError(f"{question}: add --yes, since nobody can confirm here.")
        if not yes:
            typer.confirm(output.text(f"{question}?"), abort=True, err=True)

    def say(text: str) -> None:
        typer.echo(output.text(printable(text)))

    told = Console(stderr=True, highlight=False, markup=False)
    with output.redacted(told) as console:
        run = Rotation(project_root(), patterns, say, console, confirm)
        yield run
    for error in run.failed:
        typer.echo(output.text(f"error: {printable(error)}"), err=True)
    raise typer.Exit(Exit.FAILED if run.failed else Exit.DONE)
