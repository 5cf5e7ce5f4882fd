"""CircleCI's OIDC tokens: who issues them, and the subject that names a job.

Source: circleci-docs, "Using OpenID Connect tokens in jobs". Organization,
project and user ids are UUIDs; origin and ref are what the trigger was, so that
whoever pushes chooses the ref.
"""

from dataclasses import dataclass
from typing import Final

CLAIMS: Final = "oidc.circleci.com/"
"""What the names of CircleCI's own claims begin with."""
PROJECT_CLAIM: Final = f"{CLAIMS}project-id"


def issuer(organization: str) -> str:
    """An organization's issuer without its scheme, as IAM names an OIDC provider."""
    return f"oidc.circleci.com/org/{organization}"


@dataclass(frozen=True)
class Job:
    """What a token says about the job that holds it.

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
