"""What a stack's file would say in place of what is risky; capitals stand for what is not known."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from components.aws.actions import ACCESS
from components.circleci.asked_job import MADE_UP_ID, MADE_UP_ORIGIN
from components.circleci.subject import Job
from components.settings.findings import SettingsError
from components.settings.model import Trust

PROJECT: Final = "YOUR-PROJECT-ID"
ORIGIN: Final = "github.com/YOUR-ORGANIZATION/YOUR-REPOSITORY"
BUCKET: Final = "YOUR-BUCKET"

Instead = dict[str, Any]


def trust_instead(organization: str, said: Iterable[Job]) -> Instead:
    """A role whose trust says what the subjects' patterns say, where the config can say it.

    Args:
        organization: CircleCI's organization.
        said: what each pattern says of the parts of a subject.
    """
    jobs = list(said)

    def of(key: str, part: Callable[[Job], str | None]) -> list[str]:
        values = {value for job in jobs if (value := part(job)) is not None}
        return sorted(value for value in values if value != "*" and _is_valid(key, value))

    trust: Instead = {"organization": organization}
    trust["projects"] = of("projects", lambda job: job.project) or [PROJECT]
    if users := of("users", lambda job: job.user):
        trust["users"] = users
    origins, refs = of("origins", lambda job: job.origin), of("refs", lambda job: job.ref)
    if origins or refs:
        trust["origins"] = origins or [ORIGIN]
    if refs:
        trust["refs"] = refs
    return {"kind": "role", "trust": trust}


def _is_valid(key: str, value: str) -> bool:
    known = {"organization": MADE_UP_ID, "projects": [MADE_UP_ID], "origins": [MADE_UP_ORIGIN]}
    try:
        Trust.model_validate({**known, key: [value]})
    except (ValidationError, SettingsError):
        return False
    return True


def grants_instead(kind: str, buckets: Iterable[str], actions: Iterable[str]) -> Instead:
    """Grants with the access words that are allowed whole; all of them if none is."""
    allowed = set(actions)
    words = [word for word in ACCESS if word != "full"]
    whole = [word for word in words if {one.name for one in ACCESS[word]} <= allowed]
    grants = [{"bucket": bucket, "access": whole or words} for bucket in buckets]
    return {"kind": kind, "grants": grants or [{"bucket": BUCKET, "access": whole or words}]}


def keys_instead(now: datetime) -> Instead:
    """A user with one key, which is new."""
    return {"kind": "user", "accessKeys": [f"{now:%Y-%m}"]}
