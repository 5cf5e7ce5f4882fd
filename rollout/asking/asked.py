"""What `can` and `who` are asked about, offline: an identity of a stack's file, and a CircleCI job.

The buckets' ARNs follow from the names and the partition. A token's signature, its issuer's keys
and its lifetime are not checked, which would take the network: only its claims are read.
"""

import base64
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from components.aws.limits import Kind
from components.circleci.asked_job import Asked, job_of
from components.circleci.claims import Claims, claims_of
from components.iam.document import PolicyDocument
from components.policy.layout import documents_of
from components.settings.model import Role, Trust, User
from components.settings.stack_file import StackFile
from rollout.errors import RolloutError


@dataclass(frozen=True)
class JobAsked:
    """The job that the user describes: by a token's file, by a subject, or by its parts."""

    token: Path | None = None
    subject: str | None = None
    parts: Asked = field(default_factory=Asked)

    @property
    def is_asked(self) -> bool:
        return self != JobAsked()

    def claims(self, trust: Trust) -> Claims:
        """Return the claims of the job's token; the trust fills in what the user leaves out.

        Raises:
            RolloutError: the options contradict each other, or there is no such job.
        """
        given = [self.token, self.subject, None if self.parts == Asked() else self.parts]
        if sum(one is not None for one in given) > 1:
            raise RolloutError("--token and --sub each say whose job it is; leave out the others")
        if self.token is not None:
            return _read(self.token)
        if self.subject is not None:
            return claims_of(trust.organization, self.subject)
        try:
            job = job_of(trust, self.parts)
        except ValueError as error:
            raise RolloutError(str(error)) from None
        ref = self.parts.ref
        if ref is not None and not ref.startswith("refs/"):
            raise RolloutError(f"--ref: a token says refs/…; did you mean 'refs/heads/{ref}'?")
        return claims_of(job.organization, job.subject)


def _read(file: Path) -> Claims:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(errors="replace")
    except OSError as error:
        raise RolloutError(f"--token {file}: {error.strerror}") from None
    try:
        _, payload, _ = text.strip().split(".")
        padded = payload + "=" * (-len(payload) % 4)
        claims = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        # What is in the file may be a secret, so it is not shown.
        raise RolloutError(f"--token {file}: is not a token (a JWT: three parts with dots)")
    return claims


_ANY_ACCOUNT: Final = "0" * 12

NOT_LOOKED_AT: Final = (
    "Bucket policies, permissions boundaries and organization policies also count on AWS; "
    "they are not looked at here."
)


@dataclass(frozen=True)
class Declared:
    """One identity: its documents by the names that its policies will have.

    `account` is the stack's, or a made-up one where its file names none. A user has no `trust`.
    """

    stack: str
    name: str
    settings: User | Role
    partition: str
    account: str
    documents: Mapping[str, PolicyDocument]

    @property
    def kind(self) -> Kind:
        return self.settings.KIND

    @property
    def trust(self) -> Trust | None:
        """Which jobs may assume it, as the config has it."""
        return self.settings.trust if isinstance(self.settings, Role) else None

    @property
    def boundary_note(self) -> str | None:
        boundary = self.settings.permissions_boundary
        return boundary and f"{self.name} has the permissions boundary {boundary}, which limits it."


def declared(file: StackFile, name: str) -> Declared:
    """Return one identity of a stack, with its documents.

    Raises:
        SettingsError: with everything that is wrong with the stack's settings, or this identity's.
        RolloutError: the stack has no identity of this name.
    """
    settings = file.settings()
    identity = settings.identities.get(name)
    if identity is None:
        there = ", ".join(settings.identities) or "none"
        raise RolloutError(f"{file.path.name} has no identity '{name}'; there are: {there}")
    partition = file.partition(os.environ)
    documents = documents_of(file.stack, name, identity, partition)
    return Declared(file.stack, name, identity, partition, file.account or _ANY_ACCOUNT, documents)
