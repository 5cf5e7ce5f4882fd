"""The reasons why a role's trust policy does not allow a token, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from components.circleci.subject import ANY_UUID, TWO_REFS, Job, parse_subject
from components.iam.conditions import Condition, holds
from components.iam.decide import Decision, Reason, TrustRequest
from components.iam.document import ANYONE, Effect, PolicyDocument, PolicyKind, Statement, parse
from components.iam.operators import Context
from components.iam.patterns import pattern
from components.iam.words import conditions_said

_NAMED: Final = 4
_PARTS: Final = ("organization", "project", "user", "origin", "ref")


def refusals(trust: PolicyDocument, request: TrustRequest, decision: Decision) -> list[str]:
    """The reasons why a request is not allowed: each condition that it does not meet.

    Args:
        trust: the role's trust policy.
        request: The request.
        decision: The answer of `decide_trust`, which must not be "allowed".
    """
    statements = parse(trust, PolicyKind.TRUST.value, PolicyKind.TRUST)
    if decision.reason is Reason.DENIED:
        return [f"statement {(decision.statement or 0) + 1} of the trust policy denies it"]
    allowing = [statement for statement in statements if statement.effect is Effect.ALLOW]
    reasons: list[str] = []
    for statement in allowing:
        place = f"statement {statement.index + 1}: " if len(statements) > 1 else ""
        reasons += [f"{place}{reason}" for reason in _unmet(statement, request)]
    return reasons or ["the trust policy has no statement that allows anything"]


def _unmet(statement: Statement, request: TrustRequest) -> Iterator[str]:
    found = {ANYONE, ("Federated", request.provider)} & statement.principals
    if not found:
        named = ", ".join(sorted(_short(value) for _, value in statement.principals))
        yield f"the token's issuer is {_short(request.provider)}; the trust names {named}"
    context = Context(request.context)
    failed = [
        condition
        for condition in statement.conditions
        if not holds(condition, context, variables=statement.variables)
    ]
    # The condition keys contain the issuer, so a token of another issuer meets none of them.
    for condition in failed if found else ():
        yield from _said(_claim(condition.key, request.provider), condition, context)
    if found and not failed:
        yield f"the trust allows {', '.join(statement.actions.values)}, not {request.action}"


def _short(principal: str) -> str:
    return principal.rpartition(":oidc-provider/")[2]


def _claim(key: str, provider: str) -> str:
    """The claim that a condition key stands for, or the key itself if it is not a claim."""
    start = f"{_short(provider)}:"
    return key[len(start) :] if key.lower().startswith(start.lower()) else key


def _said(claim: str, condition: Condition, context: Context) -> Iterator[str]:
    is_positive = condition.operator.name in {"StringEquals", "StringLike"}
    value = context.single(condition.key)
    if is_positive and value is not None:
        yield from _value_said(claim, value, condition)
    elif claim == "sub" and condition.values == (TWO_REFS,):
        yield (
            "sub holds vcs-ref twice, so it could also be read as a job of another origin; "
            "the trust does not allow such tokens"
        )
    else:
        asked = conditions_said([replace(condition, key=claim)])
        has = "has no such claim" if value is None else f"says {value}"
        yield f"the trust requires that {asked}; the token {has}"


def _value_said(claim: str, value: str, condition: Condition) -> Iterator[str]:
    token = parse_subject(value) if claim == "sub" else None
    wanted = [parse_subject(text) for text in condition.values] if token else []
    jobs = [one for one in wanted if one is not None]
    if token is None or len(jobs) != len(condition.values):
        yield f"{claim} is {value}; the trust allows {_listed(condition.values)}"
        return
    yield from _parts_said(token, jobs, wild=condition.operator.test == "StringLike")


def _parts_said(token: Job, wanted: list[Job], *, wild: bool) -> Iterator[str]:
    """The parts in which the token differs from the most similar allowed subjects."""

    def misses(one: Job) -> list[str]:
        return [
            part
            for part in _PARTS
            if not _fits(getattr(one, part), getattr(token, part), wild=wild)
        ]

    fewest = min(map(misses, wanted), key=len)
    nearest = [one for one in wanted if misses(one) == fewest]
    for part in fewest:
        takes = _listed({_spoken(getattr(one, part)) for one in nearest})
        value = getattr(token, part)
        if value is None:
            why = (
                " (V1 tokens never have one, nor V2 tokens after a custom webhook)"
                if part == "origin"
                else ""
            )
            yield f"the token has no {part}{why}; the trust allows {takes}"
        else:
            yield f"{part} is {value}; the trust allows {takes}"


def _fits(wanted: str | None, value: str | None, *, wild: bool) -> bool:
    if wanted is None or value is None:
        return wanted is value
    return pattern(wanted, wildcards=wild, variables=False).matches(value)


def _spoken(part: str | None) -> str:
    return {None: "tokens without one", ANY_UUID: "any UUID", "*": "any"}.get(part, str(part))


def _listed(values: Iterable[str]) -> str:
    some = sorted(values)
    more = [f"{len(some) - _NAMED} more"] if len(some) > _NAMED else []
    return " or ".join([*some[:_NAMED], *more])
