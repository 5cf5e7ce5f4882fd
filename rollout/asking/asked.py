"""The job that would assume a role, from a token, a subject, or options of the command line.

A token's signature, its issuer's keys and its lifetime are not checked, which would take the
network. Only its claims are read, and that takes no library for tokens.
"""

import base64
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from components.circleci.asked_job import Asked, job_of
from components.circleci.claims import Claims
from components.circleci.subject import PROJECT_CLAIM, issuer, parse_subject
from components.settings.model import Trust
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
            return _claims(trust.organization, self.subject)
        try:
            job = job_of(trust, self.parts)
        except ValueError as error:
            raise RolloutError(str(error)) from None
        ref = self.parts.ref
        if ref is not None and not ref.startswith("refs/"):
            raise RolloutError(f"--ref: a token says refs/…; did you mean 'refs/heads/{ref}'?")
        return _claims(job.organization, job.subject)


def _claims(organization: str, subject: str) -> Claims:
    claims = {"iss": f"https://{issuer(organization)}", "aud": organization, "sub": subject}
    job = parse_subject(subject)
    return {**claims, PROJECT_CLAIM: job.project} if job else claims


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
        raise RolloutError(f"--token {file}: it holds no token (a JWT: three parts with dots)")
    return claims
