"""The commands that play a CircleCI job: `assume` and `token`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from components.settings import Role, SettingsError
from sandbox.assume import report as assume_report
from sandbox.assume.attempt import attempt
from sandbox.assume.job import Asked, job_of
from sandbox.assume.tokens import (
    LATEST,
    TokenError,
    Version,
    claims_of,
    issuer_key,
    sign,
    write_secret,
)
from sandbox.folder import Folder
from sandbox.lifecycle import SandboxError
from sandbox.stacks import SandboxStack, find_stack, project_root

_WRONG: Final = 2
"""How a command ends that could not find out, as typer's own errors do."""

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack of the role.")]
Identity = Annotated[str, typer.Option("--identity", "-i", help="The role's name in the config.")]
Organization = Annotated[
    str | None, typer.Option(help="The job's organization. (default: the trust's)")
]
Project = Annotated[str | None, typer.Option(help="Its project. (default: the trust's first)")]
User = Annotated[str | None, typer.Option(help="Its user. (default: the trust's first)")]
Origin = Annotated[str | None, typer.Option(help="Its repository. (default: the trust's first)")]
Ref = Annotated[str | None, typer.Option(help="Its ref. (default: the trust's first)")]
TokenVersion = Annotated[
    Version, typer.Option(help="v1: CIRCLE_OIDC_TOKEN, v2: CIRCLE_OIDC_TOKEN_V2.")
]
Audience = Annotated[
    str | None, typer.Option(help="The token's audience. (default: the organization)")
]
Webhook = Annotated[bool, typer.Option("--webhook", help="A custom webhook started the pipeline.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
Given = Annotated[
    Path | None,
    typer.Option("--token", help="Try the token in this file instead (-: standard input)."),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write it to this file, for you only.")
]


def assume(  # noqa: PLR0913 - an option each
    *,
    identity: Identity,
    stack: Stack = "dev",
    organization: Organization = None,
    project: Project = None,
    user: User = None,
    origin: Origin = None,
    ref: Ref = None,
    token_version: TokenVersion = LATEST,
    audience: Audience = None,
    given: Given = None,
    webhook: Webhook = False,
    as_json: Json = False,
) -> None:
    """Tell whether a role lets a CircleCI job in, and what the job can do then.

    Without more options it is a job that the role's trust lets in.

    Ends with 0 if the job is let in, 1 if it is not, 2 if that can't be told.
    """
    with _errors_told():
        asked = Asked(organization, project, user, origin, ref, webhook=webhook)
        found, role = _role(stack, identity)
        if given is None:
            text = _made(role, asked, token_version, audience)
        elif asked != Asked() or audience or token_version != LATEST:
            raise SandboxError("--token: the token says itself whose it is; leave out the others")
        else:
            text = _read(given)
        try:
            tried = attempt(Folder.current(), found, identity, text, datetime.now(UTC))
        except TokenError as error:
            raise SandboxError(f"--token: {given} {error}") from None
        if as_json:
            typer.echo(json.dumps(assume_report.as_json(found, identity, tried)))
        else:
            typer.echo(assume_report.as_text(found, identity, tried))
    raise typer.Exit(0 if tried.session else 1)


def token(  # noqa: PLR0913 - an option each
    *,
    identity: Identity,
    stack: Stack = "dev",
    organization: Organization = None,
    project: Project = None,
    user: User = None,
    origin: Origin = None,
    ref: Ref = None,
    token_version: TokenVersion = LATEST,
    audience: Audience = None,
    output: Output = None,
    webhook: Webhook = False,
) -> None:
    """Print the OIDC token of a CircleCI job, signed by the sandbox's test issuer.

    Without more options it is of a job that the role's trust lets in. AWS would not take it.
    """
    with _errors_told():
        asked = Asked(organization, project, user, origin, ref, webhook=webhook)
        text = _made(_role(stack, identity)[1], asked, token_version, audience)
        if output is None:
            typer.echo(text)
        else:
            write_secret(output, f"{text}\n".encode())


@contextmanager
def _errors_told() -> Iterator[None]:
    """Tell an error as it is and end with 2, without a traceback."""
    try:
        yield
    except (SandboxError, SettingsError, BotoCoreError, ClientError) as error:
        fault = str(error)
    except OSError as error:
        fault = f"{error.filename}: {error.strerror}"
    else:
        return
    typer.echo(f"error: {fault}", err=True)
    raise typer.Exit(_WRONG)


def _role(stack: str, name: str) -> tuple[SandboxStack, Role]:
    """Find a role in the config of a stack.

    Raises:
        SandboxError: there is none of this name; those that there are are named.
        SettingsError: the stack's config can't be used.
    """
    found = find_stack(project_root(), stack)
    identities = found.file.settings().identities
    identity = identities.get(name)
    if isinstance(identity, Role):
        return found, identity
    roles = ", ".join(n for n, one in identities.items() if isinstance(one, Role)) or "none"
    file = found.file.path.name
    fault = f"{file} has no identity '{name}'"
    if identity is not None:
        fault = f"'{name}' of {file} is a user, which has no trust"
    raise SandboxError(f"--identity: {fault}; the roles there: {roles}")


def _made(role: Role, asked: Asked, version: Version, audience: str | None) -> str:
    job = job_of(role.trust, asked)
    claims = claims_of(job, version, issued=datetime.now(UTC), audience=audience)
    return sign(claims, issuer_key(Folder.current()))


def _read(file: Path) -> str:
    return (sys.stdin.read() if str(file) == "-" else file.read_text(errors="replace")).strip()
