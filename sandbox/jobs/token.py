"""A CircleCI job of a role, and the command that prints its token."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from components.circleci.asked_job import Asked, job_of
from components.settings import Role, SettingsError
from sandbox.folder import Folder
from sandbox.issuer import LATEST, Version, issuer_key, sign, token_claims, write_secret
from sandbox.lifecycle import SandboxError
from sandbox.stacks import find_stack, project_root

WRONG: Final = 2
"""The exit code on an error; typer's own errors have it too."""

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
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write it to this file, for you only.")
]


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
    with errors_told():
        asked = Asked(organization, project, user, origin, ref, webhook=webhook)
        role = find_stack(project_root(), stack).identity(identity)
        if not isinstance(role, Role):
            raise SandboxError(f"--identity: {identity} is a user, which has no trust")
        text = token_of(role, asked, token_version, audience)
        if output is None:
            typer.echo(text)
        else:
            write_secret(output, text.encode())  # STS takes no line end


@contextmanager
def errors_told(code: int = WRONG) -> Iterator[None]:
    """Tell an error as it is and end with an exit code, without a traceback."""
    try:
        yield
    except (SandboxError, SettingsError, BotoCoreError, ClientError) as error:
        fault = str(error)
    except OSError as error:
        fault = f"{error.filename}: {error.strerror}"
    else:
        return
    typer.echo(f"error: {fault}", err=True)
    raise typer.Exit(code)


def token_of(role: Role, asked: Asked, version: Version, audience: str | None) -> str:
    """Return the token of a job.

    Raises:
        SandboxError: CircleCI has no such job.
    """
    try:
        job = job_of(role.trust, asked)
    except ValueError as error:
        raise SandboxError(str(error)) from None
    claims = token_claims(job, version, issued=datetime.now(UTC), audience=audience)
    return sign(claims, issuer_key(Folder.current()))
