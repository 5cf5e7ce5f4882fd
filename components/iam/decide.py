"""IAM's decision on a request, from policy documents alone.

By the IAM User Guide's "Policy evaluation logic" for identity policies and for role trust policies:
a Deny that applies decides, else an Allow that applies, else the answer is no. Bucket policies,
permissions boundaries, organization policies and session policies also count on AWS; they are not
looked at here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from components.iam.conditions import holds
from components.iam.document import ANYONE, Effect, PolicyDocument, PolicyKind, Statement, parse
from components.iam.operators import Context
from components.iam.patterns import pattern

WEB_IDENTITY: Final = "sts:AssumeRoleWithWebIdentity"
"""The action by which a token of an OIDC provider is exchanged for a role's session."""

_ARN_RESOURCE: Final = 5


@dataclass(frozen=True)
class Request:
    """What is asked: one action on one resource. Context keys have no case."""

    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class TrustRequest:
    """Who asks to assume a role: an identity that the provider of this ARN vouches for."""

    provider: str
    context: Mapping[str, str | Sequence[str]]
    action: str = WEB_IDENTITY


class Reason(Enum):
    """Why a request is allowed or not."""

    DENIED = "explicit deny"
    ALLOWED = "allowed"
    UNMATCHED = "no statement allows it"


@dataclass(frozen=True)
class Decision:
    """The answer, and the statement that decides: none where no statement allows the request."""

    allowed: bool
    reason: Reason
    document: str | None = None
    statement: int | None = None
    sid: str | None = None


def decide(documents: Mapping[str, PolicyDocument], request: Request) -> Decision:
    """Judge a request by all policies of an identity, inline and managed, each under its name.

    Raises:
        PolicyError: A document that IAM would refuse, or something in it that is not known here.
        ValueError: A value, of a condition or of the request, that an operator cannot read.
    """
    return decide_parsed(parse_all(documents), request)


def parse_all(documents: Mapping[str, PolicyDocument]) -> tuple[Statement, ...]:
    """All statements of an identity's policies: read them once, ask ``decide_parsed`` often.

    Raises:
        PolicyError: As ``decide`` does.
    """
    return tuple(
        statement
        for name, document in documents.items()
        for statement in parse(document, name, PolicyKind.IDENTITY)
    )


def decide_parsed(statements: Iterable[Statement], request: Request) -> Decision:
    """Judge a request by the statements of ``parse_all``."""
    context = Context(request.context)
    return _first(
        statement
        for statement in statements
        if _acts(statement, request.action)
        and _reaches(statement, request.resource, context)
        and _conditions_hold(statement, context)
    )


def decide_trust(document: PolicyDocument, request: TrustRequest) -> Decision:
    """Judge by a role's trust policy whether an identity of a provider may assume the role.

    Only the policy: that the token is signed by the provider, is in time and has an audience that
    the provider accepts is for the caller to check.

    Raises:
        PolicyError: A document that IAM would refuse, or something in it that is not known here.
        ValueError: A value, of a condition or of the request, that an operator cannot read.
    """
    context = Context(request.context)
    return _first(
        statement
        for statement in parse(document, PolicyKind.TRUST.value, PolicyKind.TRUST)
        if _acts(statement, request.action)
        and statement.principals & {ANYONE, ("Federated", request.provider)}
        and _conditions_hold(statement, context)
    )


def web_identity(provider: str, claims: Mapping[str, str | Sequence[str]]) -> TrustRequest:
    """The request that a token makes: its claims are keys named after the provider's URL.

    Args:
        provider: ARN of the provider, ``arn:aws:iam::111111111111:oidc-provider/<URL>``.
        claims: The claims of the token that AWS takes as condition keys, by their names: ``aud``,
            ``sub``, ``amr``, and ``oidc.circleci.com/project-id`` (circleci/circleci-docs#10376).

    Raises:
        ValueError: Not the ARN of an OIDC provider.
    """
    _, found, url = provider.partition(":oidc-provider/")
    if not found:
        raise ValueError(f"'{provider}' is not the ARN of an OIDC provider")
    return TrustRequest(provider, {f"{url}:{claim}": value for claim, value in claims.items()})


def _first(applying: Iterable[Statement]) -> Decision:
    """The decision of the statements that apply: the first Deny, else the first Allow."""
    allow: Decision | None = None
    for statement in applying:
        denied = statement.effect is Effect.DENY
        if denied or allow is None:
            reason = Reason.DENIED if denied else Reason.ALLOWED
            place = (statement.document, statement.index, statement.sid)
            allow = Decision(not denied, reason, *place)
        if denied:
            break
    return allow or Decision(allowed=False, reason=Reason.UNMATCHED)


def _acts(statement: Statement, action: str) -> bool:
    """Actions have no case, and no variables."""
    named = any(
        pattern(value.lower(), variables=False).matches(action.lower())
        for value in statement.actions.values
    )
    return named is not statement.actions.negated


def _reaches(statement: Statement, resource: str, context: Context) -> bool:
    """Resources have case; a variable that has no value keeps the statement from applying."""
    selector = statement.resources
    named = False
    for text in selector.values:
        wanted = pattern(text, variables=statement.variables).resolve(context.single)
        misplaced = statement.variables and "${" in ":".join(text.split(":")[:_ARN_RESOURCE])
        if wanted is None or misplaced:
            # Variables have a meaning only in an ARN's last part.
            if selector.negated:
                return False
            continue
        named = named or wanted.matches(resource)
    return named is not selector.negated


def _conditions_hold(statement: Statement, context: Context) -> bool:
    return all(
        holds(condition, context, variables=statement.variables)
        for condition in statement.conditions
    )
