"""What `can` prints: for people, and as JSON.

The JSON, version 1::

    {"version": 1, "allowed": true, "stack": "prod", "identity": "circleci-deploy", "kind": "role",
     "action": "s3:PutObject", "resource": "s3://acme-site/public/x",
     "policy": {"allowed": true, "reason": "allowed" | "explicit deny" | "no statement allows it",
         "document": "s3-access", "statement": 0, "sid": null, "text": {"Effect": "Allow", ...},
         "hints": []},
     "job": null | {"allowed": true, "reason": "...", "subject": "org/...", "audience": "...",
         "refusals": []},
     "permissionsBoundary": null, "notes": ["..."]}

`statement` counts from 0, as a JSON path does; the words for people count from 1.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from components.settings.findings import printable
from rollout.asking.can import VERSION, Answer, JobAnswer

_LONGEST: Final = 600


def as_json(answer: Answer) -> dict[str, Any]:
    declared, decision = answer.declared, answer.decision
    return {
        "version": VERSION,
        "allowed": answer.allowed,
        "stack": declared.stack,
        "identity": declared.name,
        "kind": declared.kind,
        "action": answer.action,
        "resource": answer.place,
        "policy": {
            "allowed": decision.allowed,
            "reason": decision.reason.value,
            "document": decision.document,
            "statement": decision.statement,
            "sid": decision.sid,
            "text": answer.statement,
            "hints": list(answer.hints),
        },
        "job": None if answer.job is None else _job_json(answer.job),
        "permissionsBoundary": declared.settings.permissions_boundary,
        "notes": list(answer.notes),
    }


def as_lines(answer: Answer) -> Iterator[str]:
    declared = answer.declared
    may = "yes" if answer.allowed else "no"
    whose = f"{declared.name} of {declared.stack}"
    yield printable(f"{may}: {whose}, {answer.action} on {answer.place}")
    yield from (f"  {printable(line)}" for line in _policy_lines(answer))
    if answer.job is not None:
        yield from (f"  {printable(line)}" for line in _job_lines(answer.job))
    yield from map(printable, answer.notes)


def _policy_lines(answer: Answer) -> Iterator[str]:
    decision = answer.decision
    if answer.statement is None or decision.statement is None:
        yield "no statement of its policies allows it"
        yield from answer.hints
        return
    sid = f" ({decision.sid})" if decision.sid else ""
    verb = "allow" if decision.allowed else "deny"
    place = f"statement {decision.statement + 1}{sid} of {decision.document}"
    yield f"its policies {verb} it, by {place}:"
    text = json.dumps(answer.statement)
    yield text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… (--json has all)"


def _job_lines(job: JobAnswer) -> Iterator[str]:
    answer = "lets in" if job.decision.allowed else "does not let in"
    yield f"its trust {answer} the job {job.claims.get('sub', 'without a subject')}"
    yield from job.refusals


def _job_json(job: JobAnswer) -> dict[str, Any]:
    return {
        "allowed": job.decision.allowed,
        "reason": job.decision.reason.value,
        "subject": job.claims.get("sub"),
        "audience": job.claims.get("aud"),
        "refusals": list(job.refusals),
    }
