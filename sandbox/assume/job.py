"""Which CircleCI job asks for a role: one that the trust lets in, unless it is asked otherwise."""

from components.circleci import asked_job
from components.circleci.asked_job import MADE_UP_ID, Asked
from components.circleci.subject import Job
from components.settings.model import Trust
from sandbox.lifecycle import SandboxError

__all__ = ["MADE_UP_ID", "Asked", "job_of"]


def job_of(trust: Trust, asked: Asked) -> Job:
    """Return the job.

    Raises:
        SandboxError: CircleCI has no such job.
    """
    try:
        return asked_job.job_of(trust, asked)
    except ValueError as error:
        raise SandboxError(str(error)) from None
