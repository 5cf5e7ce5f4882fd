"""Assumes a role with a CircleCI token as AWS would, in the sandbox.

moto's STS gives a session to whoever asks, for any role and with any token. So the sandbox reads
the role's trust back, checks the token by AWS's rules itself, and asks STS only if AWS would give
a session.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from components.circleci.claims import Claims
from sandbox.accounts import NOBODY, credentials_of
from sandbox.assume.checks import Check, checks
from sandbox.assume.reading import RoleRead, read_role
from sandbox.assume.tokens import issuer_key, read_unchecked
from sandbox.clients import Clients, Credentials
from sandbox.folder import Folder
from sandbox.lifecycle import SandboxError, look
from sandbox.stacks import SandboxStack

_SESSION_NAME: Final = "sandbox"
_SECONDS: Final = 3600
"""What the circleci/aws-cli orb asks for."""


@dataclass(frozen=True)
class Session:
    """What STS gave; its secrets are not kept."""

    access_key: str
    arn: str
    """What GetCallerIdentity answered to the session."""
    expires: datetime


@dataclass(frozen=True)
class Attempt:
    """How it went: a session only if all checks are passed."""

    role: RoleRead
    claims: Claims
    checks: tuple[Check, ...]
    session: Session | None


def attempt(
    folder: Folder, stack: SandboxStack, identity: str, token: str, now: datetime
) -> Attempt:
    """Try to assume the role of an identity with a token.

    Raises:
        SandboxError: the stack or its role is not deployed, or a policy can't be read.
        TokenError: the token is none.
    """
    claims = read_unchecked(token)
    clients = _clients(folder, stack)
    own = credentials_of(clients, stack.account, stack.region)
    try:
        role = read_role(clients.get("iam", own, stack.region), identity)
        if role is None:
            raise SandboxError(
                _not_deployed(stack, f"there is no role {identity} in account {stack.account}")
            )
        made = checks(token, claims, issuer_key(folder), role.trust, now)
    except ValueError as error:
        raise SandboxError(f"A policy of {identity} can't be judged here: {error}") from None
    trusted = all(check.passed for check in made)
    session = _session(clients, stack, role, token) if trusted else None
    return Attempt(role, claims, tuple(made), session)


def _clients(folder: Folder, stack: SandboxStack) -> Clients:
    running = look(folder)
    if running.state != "running":
        raise SandboxError(_not_deployed(stack, "the sandbox is not running"))
    return Clients(running.aws_url)


def _not_deployed(stack: SandboxStack, why: str) -> str:
    return f"{stack.name}: {why}; `python -m sandbox up --stack {stack.name}` deploys the stack."


def _session(clients: Clients, stack: SandboxStack, role: RoleRead, token: str) -> Session:
    """Get a session, and make one call with it."""
    given = clients.get("sts", NOBODY, stack.region).assume_role_with_web_identity(
        RoleArn=role.arn,
        RoleSessionName=_SESSION_NAME,
        WebIdentityToken=token,
        DurationSeconds=_SECONDS,
    )["Credentials"]
    caller = clients.get("sts", Credentials.of(given), stack.region).get_caller_identity()
    return Session(given["AccessKeyId"], caller["Arn"], given["Expiration"])
