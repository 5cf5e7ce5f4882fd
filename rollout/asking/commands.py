"""The commands that ask what the stacks' files say of access, offline: `can` and `who`.

Exit codes of `can`: 0 allowed, 1 denied, 2 wrong usage or config. Of `who`: 0, or 2.
"""
# ruff: noqa: PLR0913, PLR0917 - a command has an argument for each of its options

import json
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from components.aws.actions import action as known_action
from components.circleci.asked_job import Asked
from components.iam.requests import Caller, location
from components.settings.findings import SettingsError
from components.settings.stack_file import read
from rollout.asking import who_report
from rollout.asking.asked import JobAsked, declared
from rollout.asking.can import answer_json, answer_lines, answer_of
from rollout.asking.who import list_holders
from rollout.choosing.inventory import project_root
from rollout.choosing.options import Globs, Json, Stacks
from rollout.errors import RolloutError

WRONG: Final = 2
"""The exit code when the question can't be answered; 1 means denied."""

COMMANDS: Final = frozenset({"can", "who"})

Place = Annotated[str, typer.Argument(metavar="s3://BUCKET/KEY", help="The place.")]


def can(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Such as s3:PutObject.")],
    place: Place,
    stack: Annotated[str, typer.Option("--stack", "-s", help="The identity's stack.")],
    identity: Annotated[str, typer.Option("--identity", "-i", help="Its name in the config.")],
    token: Annotated[
        Path | None,
        typer.Option(help="The job, by the file with its OIDC token (-: standard input)."),
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--sub", help="The job, by the subject of its token.")
    ] = None,
    organization: Annotated[str | None, typer.Option(help="The job's organization.")] = None,
    project: Annotated[str | None, typer.Option(help="The job's project.")] = None,
    user: Annotated[str | None, typer.Option(help="The job's user.")] = None,
    origin: Annotated[str | None, typer.Option(help="The job's repository.")] = None,
    ref: Annotated[str | None, typer.Option(help="The job's ref, such as refs/heads/main.")] = None,
    source_ip: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address that the call comes from.")
    ] = None,
    *,
    webhook: Annotated[
        bool, typer.Option("--webhook", help="A custom webhook started the pipeline.")
    ] = False,
    no_tls: Annotated[bool, typer.Option("--no-tls", help="The call comes without TLS.")] = False,
    as_json: Json = False,
) -> None:
    """Tell, offline, whether an identity may do something, and which statement decides.

    For a role, also tell whether a job may assume it, if the options describe one.

    What they leave out is taken from the role's trust.

    Exit codes: 0 allowed, 1 denied, 2 the question can't be answered.
    """
    with wrong_is_told():
        parts = Asked(organization, project, user, origin, ref, webhook=webhook)
        caller = Caller(secure_transport=not no_tls, source_ip=_address(source_ip))
        whom = declared(read(project_root(), stack), identity)
        answer = answer_of(whom, action, place, caller, JobAsked(token, subject, parts))
    if as_json:
        typer.echo(json.dumps(answer_json(answer), indent=2))
    else:
        typer.echo("\n".join(answer_lines(answer)))
    raise typer.Exit(0 if answer.allowed else 1)


def who(
    place: Place,
    globs: Globs = None,
    actions: Annotated[
        list[str] | None,
        typer.Option("--action", "-a", help="Only this action, such as s3:GetObject."),
    ] = None,
    stacks: Stacks = None,
    *,
    as_json: Json = False,
) -> None:
    """List who may do what in a place, over all stacks and offline.

    A key that ends in / includes all keys below it, and so does a bucket alone.

    The exit code is 2 if the file of a stack can't be used; the other stacks are listed.
    """
    with wrong_is_told():
        try:
            where, asked = location(place), [known_action(name) for name in actions or ()]
        except ValueError as error:
            raise RolloutError(str(error)) from None
        found = list_holders(project_root(), where, [*(stacks or ()), *(globs or ())], asked)
    if as_json:
        typer.echo(json.dumps(who_report.as_json(where, found), indent=2))
    else:
        who_report.show(Console(highlight=False, markup=False), where, found)
    for wrong in found.errors:
        typer.echo(f"error: {wrong}", err=True)
    raise typer.Exit(WRONG if found.errors else 0)


@contextmanager
def wrong_is_told() -> Iterator[None]:
    """Print an error without a traceback, and exit with code 2."""
    try:
        yield
    except (RolloutError, SettingsError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(WRONG) from None


def _address(text: str | None) -> str | None:
    try:
        return text and str(ip_address(text))
    except ValueError:
        raise RolloutError(f"--source-ip: '{text}' is not an IP address") from None
