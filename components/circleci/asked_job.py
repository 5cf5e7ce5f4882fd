"""A job to test a role's trust with. By default it is a job that the trust allows."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components.circleci.subject import Job
from components.settings.model import Trust
from components.settings.trust_rules import ANY_PROJECT

MADE_UP_ID: Final = "00000000-0000-4000-8000-000000000000"
"""The project or user id if the trust lists none."""
MADE_UP_ORIGIN: Final = "github.com/example/app"
MADE_UP_REF: Final = "refs/heads/main"


@dataclass(frozen=True)
class Asked:
    """The requested job. None means a value from the trust; webhook jobs have no origin or ref."""

    organization: str | None = None
    project: str | None = None
    user: str | None = None
    origin: str | None = None
    ref: str | None = None
    webhook: bool = False


def job_of(trust: Trust, asked: Asked) -> Job:
    """The job that is meant, completed from the trust.

    Raises:
        ValueError: CircleCI can't have such a job. The message names the options.
    """
    if messages := list(_wrong_options(asked)):
        raise ValueError("\n".join(messages))
    project = MADE_UP_ID if ANY_PROJECT in trust.projects else trust.projects[0]
    ids = (
        asked.organization or trust.organization,
        asked.project or project,
        asked.user or (trust.users or (MADE_UP_ID,))[0],
    )
    if asked.webhook:
        return Job(*ids)
    origin = (trust.origins or (MADE_UP_ORIGIN,))[0]
    ref = _example((trust.refs or (MADE_UP_REF,))[0])
    return Job(*ids, asked.origin or origin, asked.ref or ref)


def _example(pattern: str) -> str:
    """A ref that matches a pattern of the config."""
    if not pattern.endswith("*"):
        return pattern
    return f"{pattern[:-1]}{'1.0.0' if pattern.startswith('refs/tags/') else 'example'}"


def _wrong_options(asked: Asked) -> Iterator[str]:
    for option in ("organization", "project", "user"):
        given = getattr(asked, option)
        if given is not None and not _is_uuid(given):
            yield f"--{option}: {given!a} is not a lowercase UUID, as CircleCI's ids are"
    for option in ("origin", "ref"):
        given = getattr(asked, option)
        if given is not None and asked.webhook:
            yield f"--{option}: with --webhook a token has no origin and no ref"
        elif given is not None and not (given and given.isprintable()):
            yield f"--{option}: {given!a} is empty or contains characters that can't be printed"


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
