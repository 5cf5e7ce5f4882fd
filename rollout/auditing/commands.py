"""The command `audit`.

Exit codes: 0 done; 1 with `--exit-code`, something was found; 2 an account could not be read, or
wrong usage.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Final

import typer
from rich.console import Console

from rollout.auditing import report
from rollout.choosing.options import Json, Redact
from rollout.reporting.output import Output, Redactor

NOW: Callable[[], datetime] = partial(datetime.now, UTC)

_FOUND: Final = 1
_NOT_READ: Final = 2


def audit(
    profiles: Annotated[
        list[str] | None,
        typer.Option("--profile", help="AWS profile of an account; may be repeated."),
    ] = None,
    max_age: Annotated[
        int,
        typer.Option(metavar="DAYS", min=1, help="How old or unused an access key may be."),
    ] = 90,
    *,
    redact: Redact = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with code 1 if something is found.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Report what is risky in AWS accounts: trust of CircleCI jobs, access keys, S3 grants.

    It reads IAM with the profiles' credentials, or the default ones, and changes nothing.

    Exit codes: 0 done, 1 with --exit-code something was found, 2 an account can't be read.
    """
    # 0.2 s that no other command needs
    from rollout.auditing.accounts import audited  # noqa: PLC0415

    output = Output(as_json=as_json, redactor=Redactor() if redact else None)
    asked: list[str | None] = [*dict.fromkeys(profiles or ())]
    found = output.of(audited(asked or [None], NOW(), timedelta(days=max_age)))
    if as_json:
        typer.echo(json.dumps(report.as_json(found), indent=2))
    else:
        report.show(Console(highlight=False, markup=False), found)
    for one in found:
        if one.error is not None:
            typer.echo(f"error: {report.title(one)}: {one.error}", err=True)
    if any(one.error is not None for one in found):
        raise typer.Exit(_NOT_READ)
    raise typer.Exit(_FOUND if exit_code and any(one.risks for one in found) else 0)
