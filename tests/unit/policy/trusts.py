"""Trust settings, the jobs that they mean, and whether a trust policy lets a job in."""

from collections.abc import Mapping
from typing import Any

from components.circleci.subject import Job
from components.iam.decide import decide_trust, web_identity
from components.policy.trust import provider_arn, trust_document
from components.settings.model import Trust

ORG = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
OTHER_ORG = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ac"
P1, P2, P3 = (f"6f9b2f3c-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
U1, U2, U3 = (f"0d1c0000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
APP = "github.com/acme/app"
MAIN = "refs/heads/main"
ACCOUNT = "111111111111"


def settings(**config: object) -> Trust:
    """Checked settings; without more they trust every job of one project."""
    return Trust.model_validate({"organization": ORG, "projects": [P1], **config})


def claims(job: Job) -> dict[str, str]:
    """The claims of the job's token that AWS takes as condition keys."""
    return {
        "aud": job.organization,
        "sub": job.subject,
        "oidc.circleci.com/project-id": job.project,
    }


def lets_in(trust: Trust, job: Job, changed: Mapping[str, str | None] | None = None) -> bool:
    """Whether the trust's policy lets in a token of the job; claims changed to None it lacks."""
    policy = trust_document(trust, provider_arn("aws", ACCOUNT, trust.organization))
    # A token is only ever taken to the provider that issued it.
    issued_by = provider_arn("aws", ACCOUNT, job.organization)
    token = {**claims(job), **(changed or {})}
    present = {claim: value for claim, value in token.items() if value is not None}
    return decide_trust(policy, web_identity(issued_by, present)).allowed


def is_meant(trust: Trust, job: Job) -> bool:
    """What the settings say in words: the real organization, project, user, origin and ref."""
    return (
        job.organization == trust.organization
        and ("*" in trust.projects or job.project in trust.projects)
        and (not trust.users or job.user in trust.users)
        and (not trust.origins or job.origin in trust.origins)
        and (not trust.refs or any(_is_of(job.ref, ref) for ref in trust.refs))
    )


def _is_of(ref: str | None, wanted: str) -> bool:
    if ref is None:
        return False
    return ref.startswith(wanted[:-1]) if wanted.endswith("*") else ref == wanted


def statement(trust: Trust) -> dict[str, Any]:
    """The one statement of the trust's policy."""
    (only,) = trust_document(trust, provider_arn("aws", ACCOUNT, trust.organization))["Statement"]
    return only  # type: ignore[no-any-return]
