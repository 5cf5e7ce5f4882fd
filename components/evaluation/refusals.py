"""Why a role's trust policy does not let a token in, in words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from components.evaluation.conditions import ParsedCondition, holds
from components.evaluation.evaluator import Decision, Reason, TrustRequest
from components.evaluation.operators import Context
from components.evaluation.parsing import ANYONE, Effect, ParsedStatement, PolicyKind, parse
from components.evaluation.wildcards import pattern
from components.evaluation.words import tests_said
from components.policy.document import PolicyDocument
from components.policy.trust import ANY_UUID, TWO_REFS

_SUBJECT: Final = re.compile(
    r"org/(?P<organization>.*?)/project/(?P<project>.*?)/user/(?P<user>.*?)"
    r"(?:/vcs-origin/(?P<origin>.*?)/vcs-ref/(?P<ref>.*))?",
    re.DOTALL,
)
_NAMED: Final = 4

Parts = Mapping[str, str | None]


def refusals(trust: PolicyDocument, request: TrustRequest, decision: Decision) -> list[str]:
    """Say why a request is not let in: each condition that it does not meet.

    Args:
        trust: the role's trust policy.
        request: who asks.
        decision: what `decide_trust` says of them; it must be a no.
    """
    statements = parse(trust, PolicyKind.TRUST.value, PolicyKind.TRUST)
    if decision.reason is Reason.DENIED:
        return [f"statement {(decision.statement or 0) + 1} of the trust policy denies it"]
    allowing = [statement for statement in statements if statement.effect is Effect.ALLOW]
    reasons: list[str] = []
    for statement in allowing:
        place = f"statement {statement.index + 1}: " if len(statements) > 1 else ""
        reasons += [f"{place}{reason}" for reason in _unmet(statement, request)]
    return reasons or ["the trust policy allows nothing to anybody"]


def _unmet(statement: ParsedStatement, request: TrustRequest) -> Iterator[str]:
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
    # Of another issuer's token no condition can hold: its keys are named after the issuer.
    for condition in failed if found else ():
        yield from _said(_claim(condition.key, request.provider), condition, context)
    if found and not failed:
        yield f"the trust allows {', '.join(statement.actions.values)}, not {request.action}"


def _short(principal: str) -> str:
    return principal.rpartition(":oidc-provider/")[2]


def _claim(key: str, provider: str) -> str:
    """Return the claim that a key is named after, or the key if it is after none."""
    start = f"{_short(provider)}:"
    return key[len(start) :] if key.lower().startswith(start.lower()) else key


def _said(claim: str, condition: ParsedCondition, context: Context) -> Iterator[str]:
    is_positive = condition.operator.name in {"StringEquals", "StringLike"}
    value = context.single(condition.key)
    if is_positive and value is not None:
        yield from _value_said(claim, value, condition)
    elif claim == "sub" and condition.values == (TWO_REFS,):
        yield (
            "sub holds vcs-ref twice, so that it could be read as another origin's; "
            "the trust takes no such token"
        )
    else:
        test = tests_said([((condition.operator, claim), condition.values)])
        yield f"the trust asks that {test}; the token says {'nothing' if value is None else value}"


def _value_said(claim: str, value: str, condition: ParsedCondition) -> Iterator[str]:
    token = _parts(value) if claim == "sub" else None
    wanted = [_parts(text) for text in condition.values] if token else []
    parts = [one for one in wanted if one is not None]
    if token is None or len(parts) != len(condition.values):
        yield f"{claim} is {value}; the trust takes {_listed(condition.values)}"
        return
    yield from _parts_said(token, parts, wild=condition.operator.test == "StringLike")


def _parts_said(token: Parts, wanted: list[Parts], *, wild: bool) -> Iterator[str]:
    """Say in which parts the token differs from the subjects that come nearest to it."""

    def misses(one: Parts) -> list[str]:
        return [part for part in token if not _fits(one[part], token[part], wild=wild)]

    fewest = min(map(misses, wanted), key=len)
    nearest = [one for one in wanted if misses(one) == fewest]
    for part in fewest:
        takes = _listed({_spoken(one[part]) for one in nearest})
        if token[part] is None:
            why = " (V1 never does, nor V2 after a custom webhook)" if part == "origin" else ""
            yield f"the token names no {part}{why}; the trust takes {takes}"
        else:
            yield f"{part} is {token[part]}; the trust takes {takes}"


def _parts(subject: str) -> Parts | None:
    found = _SUBJECT.fullmatch(subject)
    # A variable's value may hold anything, also what parts are told apart by.
    return found.groupdict() if found and "${" not in subject else None


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
