"""May an identity do something: yes or no, and which statement decides, from the files alone.

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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from components.aws.actions import action as known_action
from components.aws.partitions import DNS_SUFFIXES
from components.circleci.claims import Claims, token_request
from components.circleci.refusals import refusals
from components.iam.conditions import holds
from components.iam.decide import (
    Decision,
    Reason,
    Request,
    decide_parsed,
    decide_trust,
    parse_all,
)
from components.iam.document import Choice, Statement
from components.iam.operators import Context
from components.iam.requests import Caller, kms_request, location, s3_request
from components.iam.words import conditions_said, selected
from components.policy.trust import provider_arn, trust_document
from components.settings.findings import printable
from components.settings.model import Trust
from rollout.asking.asked import NOT_LOOKED_AT, Declared, JobAsked
from rollout.errors import RolloutError

VERSION: Final = 1
_NAMED: Final = 6

_OFFLINE: Final = "A token's signature and its lifetime are not checked offline."
_NO_JOB: Final = "Which jobs may assume the role was not asked; --token, --sub or --ref asks."


@dataclass(frozen=True)
class JobAnswer:
    claims: Claims
    decision: Decision
    refusals: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Yes or no; `hints` say what stands against a yes that no statement denies."""

    declared: Declared
    action: str
    place: str
    decision: Decision
    hints: tuple[str, ...] = ()
    job: JobAnswer | None = None

    @property
    def allowed(self) -> bool:
        """Whether the policies allow it, and the trust the job if one was asked about."""
        return self.decision.allowed and (self.job is None or self.job.decision.allowed)

    @property
    def statement(self) -> Mapping[str, Any] | None:
        """The statement that decides, as it stands in its policy."""
        if self.decision.document is None or self.decision.statement is None:
            return None
        document = self.declared.documents[self.decision.document]
        found: Mapping[str, Any] = document["Statement"][self.decision.statement]
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        is_role = self.declared.trust is not None
        job = [_OFFLINE] if self.job else [_NO_JOB] if is_role else []
        boundary = self.declared.boundary_note
        return (*job, NOT_LOOKED_AT, *([boundary] if boundary else []))


def answer_of(declared: Declared, action: str, place: str, caller: Caller, job: JobAsked) -> Answer:
    """Ask whether an identity may do something.

    Args:
        declared: the identity.
        action: as `s3:PutObject`, or `kms:Decrypt`, as S3 calls it.
        place: `s3://bucket/key`, or the ARN of a KMS key.
        caller: how the call reaches AWS.
        job: which job assumes the role, if that is asked too.

    Raises:
        RolloutError: there is no such action, place or job.
    """
    if job.is_asked and declared.trust is None:
        raise RolloutError(f"{declared.name} is a user, which no job assumes; leave out the job")
    if declared.trust is None:
        caller = replace(caller, user_name=declared.name)
    try:
        request = _request(declared, action, place, caller)
        statements = parse_all(declared.documents)
        decision = decide_parsed(statements, request)
    except ValueError as error:
        raise RolloutError(str(error)) from None
    hints = () if decision.reason is not Reason.UNMATCHED else tuple(_hints(statements, request))
    answer = _ask_trust(declared, declared.trust, job) if declared.trust and job.is_asked else None
    return Answer(declared, action, place, decision, hints, answer)


def _request(declared: Declared, action: str, place: str, caller: Caller) -> Request:
    if not action.startswith("kms:"):
        return s3_request(
            known_action(action), location(place), partition=declared.partition, caller=caller
        )
    parts = place.split(":")
    if parts[:1] != ["arn"] or parts[2:3] != ["kms"]:
        raise ValueError(f"'{place}' is not the ARN of a KMS key; {action} needs one")
    service = f"s3.{parts[3]}.{DNS_SUFFIXES[declared.partition]}"
    return kms_request(action, place, via_service=service, caller=caller)


def _ask_trust(declared: Declared, trust: Trust, job: JobAsked) -> JobAnswer:
    claims = job.claims(trust)
    partition, account = declared.partition, declared.account
    request = token_request(claims, partition, account)
    document = trust_document(trust, provider_arn(partition, account, trust.organization))
    decision = decide_trust(document, request)
    why = () if decision.allowed else tuple(refusals(document, request, decision))
    return JobAnswer(claims, decision, why)


def _hints(statements: tuple[Statement, ...], request: Request) -> list[str]:
    """What comes near: statements whose conditions are not met; else those on other places."""
    under: list[str] = []
    elsewhere: list[str] = []
    context = Context(request.context)
    for one in statements:
        anyhow = replace(one, conditions=())
        anywhere = replace(anyhow, resources=Choice(("*",)))
        if decide_parsed([anyhow], request).allowed:
            unmet = [
                condition
                for condition in one.conditions
                if not holds(condition, context, variables=one.variables)
            ]
            under.append(f"{_place(one)} would allow it where {conditions_said(unmet)}")
        elif decide_parsed([anywhere], request).allowed:
            places = selected(one.resources, _NAMED)
            elsewhere.append(f"{_place(one)} allows it on {places}")
    return (under or elsewhere)[:_NAMED]


def _place(statement: Statement) -> str:
    return f"statement {statement.index + 1} of {statement.document}"


_LONGEST: Final = 600


def answer_json(answer: Answer) -> dict[str, Any]:
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


def answer_lines(answer: Answer) -> Iterator[str]:
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
