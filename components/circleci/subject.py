"""CircleCI's OIDC tokens: their issuer, and the subject that identifies a job.

Only this module builds and parses subjects.

Source: circleci-docs, "Using OpenID Connect tokens in jobs". Organization,
project and user ids are UUIDs. Origin and ref come from the trigger, so anyone who can
push chooses the ref.
"""

import re
from dataclasses import dataclass
from typing import Final

CLAIMS: Final = "oidc.circleci.com/"
"""The prefix of CircleCI's own claims."""
PROJECT_CLAIM: Final = f"{CLAIMS}project-id"

ANY_UUID: Final = "-".join("?" * count for count in (8, 4, 4, 4, 12))
"""The pattern for any id: 36 single-character wildcards.

Not ``*``, which also matches ``/`` and the parts that follow.
"""

TWO_REFS: Final = "*/vcs-ref*/vcs-ref/*"
"""Matches ambiguous subjects: ``/vcs-ref`` may be part of the origin or of the ref. If the
ref ends in a wildcard, such a subject could match although it has another origin. The two
may touch (``…/app/vcs-ref/vcs-ref/…`` has the origin ``…/app/vcs-ref`` or ``…/app``), so
there is no ``/`` after the first."""

_SUBJECT: Final = re.compile(
    r"org/(?P<organization>.*?)/project/(?P<project>.*?)/user/(?P<user>.*?)"
    r"(?:/vcs-origin/(?P<origin>.*?)/vcs-ref/(?P<ref>.*))?",
    re.DOTALL,
)
_ORIGIN: Final = re.compile(r"[^*?]+|\*")
_ID: Final = re.compile(rf"[^/*?]+|{re.escape(ANY_UUID)}")
_REF: Final = re.compile(r"[^*?]+\*?|\*")


def issuer(organization: str) -> str:
    """An organization's issuer without its scheme, as IAM names an OIDC provider."""
    return f"oidc.circleci.com/org/{organization}"


@dataclass(frozen=True)
class Job:
    """The job in a token's subject, or the patterns of a trust policy for one.

    ``origin`` and ``ref`` are None in CIRCLE_OIDC_TOKEN (V1), and in
    CIRCLE_OIDC_TOKEN_V2 of a pipeline that a custom webhook started.
    """

    organization: str
    project: str
    user: str
    origin: str | None = None
    ref: str | None = None

    @property
    def subject(self) -> str:
        """The ``sub`` claim."""
        who = f"org/{self.organization}/project/{self.project}/user/{self.user}"
        if self.origin is None or self.ref is None:
            return who
        return f"{who}/vcs-origin/{self.origin}/vcs-ref/{self.ref}"

    @property
    def is_anchored(self) -> bool:
        """Whether this is a pattern as this project writes it: only the end of the ref is open."""
        ids = (self.organization, self.project, self.user)
        source = self.origin is None or (
            _ORIGIN.fullmatch(self.origin) and _REF.fullmatch(self.ref or "")
        )
        return all(map(_ID.fullmatch, ids)) and self.organization != ANY_UUID and bool(source)


def parse_subject(subject: str) -> Job | None:
    """Parse a subject or a pattern of subjects; None if it is not one.

    A text with a policy variable is not one: the value of the variable may contain the text
    that separates the parts.
    """
    found = _SUBJECT.fullmatch(subject)
    return Job(**found.groupdict()) if found and "${" not in subject else None
