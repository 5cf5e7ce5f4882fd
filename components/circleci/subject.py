"""CircleCI's OIDC tokens: who issues them, and the subject that names a job.

A subject is built and taken apart here only.

Source: circleci-docs, "Using OpenID Connect tokens in jobs". Organization,
project and user ids are UUIDs; origin and ref are what the trigger was, so that
whoever pushes chooses the ref.
"""

import re
from dataclasses import dataclass
from typing import Final

CLAIMS: Final = "oidc.circleci.com/"
"""What the names of CircleCI's own claims begin with."""
PROJECT_CLAIM: Final = f"{CLAIMS}project-id"

ANY_UUID: Final = "-".join("?" * count for count in (8, 4, 4, 4, 12))
"""The pattern of an id that may vary: 36 single-character wildcards.

``*`` also matches ``/``, and with it all that follows.
"""

TWO_REFS: Final = "*/vcs-ref*/vcs-ref/*"
"""Subjects that could be read in two ways: of an origin with ``/vcs-ref`` in it, or of
a ref. With an open end after the origin, one of them would be an origin that was not
meant. The two may touch (``…/app/vcs-ref/vcs-ref/…`` is of the origin ``…/app/vcs-ref``,
or of ``…/app``), so there is no ``/`` after the first."""

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
    """What a token says about the job that holds it; or, of patterns, what a trust asks of it.

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
        """Whether this is a pattern as this project writes it: nothing but a ref's end is open."""
        ids = (self.organization, self.project, self.user)
        source = self.origin is None or (
            _ORIGIN.fullmatch(self.origin) and _REF.fullmatch(self.ref or "")
        )
        return all(map(_ID.fullmatch, ids)) and self.organization != ANY_UUID and bool(source)


def parse_subject(subject: str) -> Job | None:
    """Take a subject, or a pattern of subjects, apart; None if it is not one.

    With a policy variable in it, it is not one: its value may hold anything, also the text
    that separates the parts.
    """
    found = _SUBJECT.fullmatch(subject)
    return Job(**found.groupdict()) if found and "${" not in subject else None
