"""A test issuer: tokens shaped as CircleCI's OIDC tokens, signed with the sandbox's own key.

Claims by circleci-docs, "Using OpenID Connect tokens in jobs" (issuer, audience, subject, one hour)
and, for those that it doesn't list, pypi/warehouse's checks of CircleCI's tokens. AWS would take
such a token only if it were signed with CircleCI's key.
"""

import json
import os
import tempfile
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import RSAKey

from components.circleci.claims import Claims
from components.circleci.subject import CLAIMS, Job, issuer
from sandbox.folder import Folder
from sandbox.lifecycle import SandboxError

Version = Literal["v1", "v2"]
"""CIRCLE_OIDC_TOKEN or CIRCLE_OIDC_TOKEN_V2."""

LATEST: Final[Version] = "v2"
LIFETIME: Final = timedelta(hours=1)
_ALGORITHM: Final = "RS256"
_KEY_BITS: Final = 2048


class TokenError(Exception):
    """A text that is no token."""


def token_claims(
    job: Job, version: Version, *, issued: datetime, audience: str | None = None
) -> dict[str, Any]:
    """Return what CircleCI would say of a job in a token.

    Args:
        job: the job; one without origin and ref is of a pipeline that a custom webhook started.
        version: which of the job's two tokens; V1 says nothing of the origin in its subject.
        issued: when.
        audience: what `circleci run oidc get` was asked for; else the organization.
    """
    who = replace(job, origin=None, ref=None) if version == "v1" else job
    seconds = int(issued.timestamp())
    own = {
        "context-ids": [str(uuid.uuid4())],
        "job-id": str(uuid.uuid4()),
        "org-id": job.organization,
        "pipeline-definition-id": str(uuid.uuid4()),
        "pipeline-id": str(uuid.uuid4()),
        "project-id": job.project,
        "ssh-rerun": False,
        "workflow-id": str(uuid.uuid4()),
    }
    if job.origin is not None and job.ref is not None:
        own |= {"vcs-origin": job.origin, "vcs-ref": job.ref}
    return {
        "iss": f"https://{issuer(job.organization)}",
        "sub": who.subject,
        "aud": audience or job.organization,
        "iat": seconds,
        "exp": seconds + int(LIFETIME.total_seconds()),
        **{f"{CLAIMS}{name}": value for name, value in own.items()},
    }


def issuer_key(folder: Folder) -> RSAKey:
    """Return the test issuer's key; the first call makes it.

    Raises:
        SandboxError: its file holds no key.
    """
    path = folder.issuer_key
    with folder.locked():
        if not path.exists():
            write_secret(path, RSAKey.generate_key(_KEY_BITS).as_pem(private=True))
        pem = path.read_bytes()
    return _key(path, pem)


def read_key(path: Path) -> RSAKey | None:
    """Return the test issuer's key as it is; None if no token was made yet.

    Raises:
        SandboxError: its file holds no key.
    """
    return _key(path, path.read_bytes()) if path.exists() else None


def _key(path: Path, pem: bytes) -> RSAKey:
    try:
        return RSAKey.import_key(pem)
    except (JoseError, ValueError):
        raise SandboxError(
            f"{path} holds no key; remove it, and the next command makes a fresh one."
        ) from None


def sign(claims: Claims, key: RSAKey) -> str:
    """Return the token that makes the claims."""
    header = {"alg": _ALGORITHM, "kid": key.thumbprint()}
    return jwt.encode(header, dict(claims), key)


def read_unchecked(token: str) -> dict[str, Any]:
    """Return what a token claims, whoever signed it and whenever.

    Raises:
        TokenError: it is no signed JSON Web Token.
    """
    try:
        payload = jws.extract_compact(token.encode()).payload
        claims = json.loads(payload or b"")
    except (JoseError, ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise TokenError("is no signed token (a JWT: three parts with a dot between them)")
    return claims


def signature_fault(token: str, key: RSAKey) -> str | None:
    """Say what is wrong with a token's signature."""
    try:
        jwt.decode(token, key, algorithms=[_ALGORITHM])
    except (JoseError, ValueError):
        return "not made with the test issuer's key, as a token of CircleCI's isn't either"
    return None


def time_fault(claims: Claims, now: datetime) -> str | None:
    """Say why a token isn't valid now."""
    times = {name: claims[name] for name in ("iat", "exp") if name in claims}
    registry = jwt.JWTClaimsRegistry(now=int(now.timestamp()), exp={"essential": True})
    try:
        registry.validate(times)
    except ExpiredTokenError:
        return f"expired at {moment(claims['exp'])}"
    except JoseError as error:
        return f"not in time: {error.description or error.error}"
    return None


def moment(seconds: float) -> str:
    """Say a time of a token: `2026-11-24 12:00:00 UTC`."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{seconds} seconds after 1970"


def write_secret(path: Path, content: bytes) -> None:
    """Put a file there whole, for its owner only."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(draft).replace(path)
