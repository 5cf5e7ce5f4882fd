"""IAM's decision on a request, from policy documents alone.

By the IAM User Guide's "Policy evaluation logic" for identity policies and for role trust policies:
if a Deny applies, the request is denied; otherwise it is allowed if an Allow applies. On AWS,
bucket policies, permissions boundaries, organization policies and session policies also count. They
are not evaluated here.
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
"""The action that exchanges a token of an OIDC provider for a session of a role."""

_ARN_RESOURCE: Final = 5


@dataclass(frozen=True)
class Request:
    """A request for one action on one resource. Context keys are not case-sensitive."""

    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class TrustRequest:
    """A request to assume a role, by an identity of the provider with this ARN.

    With the kind ``AWS``, the provider is the ARN of a user, a role, a session or an account.
    """

    provider: str
    context: Mapping[str, str | Sequence[str]]
    action: str = WEB_IDENTITY
    kind: str = "Federated"


class Reason(Enum):
    """Why a request is allowed or not."""

    DENIED = "explicit deny"
    ALLOWED = "allowed"
    UNMATCHED = "no statement allows it"


@dataclass(frozen=True)
class Decision:
    """The decision, with the deciding statement; without one if no statement applies."""

    allowed: bool
    reason: Reason
    document: str | None = None
    statement: int | None = None
    sid: str | None = None


def decide(documents: Mapping[str, PolicyDocument], request: Request) -> Decision:
    """Evaluate a request against all policies of an identity, inline and managed, by name.

    Raises:
        PolicyError: IAM would refuse a document, or a part of it is not supported.
        ValueError: An operator can't read a value of a condition or of the request.
    """
    return decide_parsed(parse_all(documents), request)


def parse_all(documents: Mapping[str, PolicyDocument]) -> tuple[Statement, ...]:
    """All statements of an identity's policies, for many calls of ``decide_parsed``.

    Raises:
        PolicyError: As ``decide`` does.
    """
    return tuple(
        statement
        for name, document in documents.items()
        for statement in parse(document, name, PolicyKind.IDENTITY)
    )


def decide_parsed(statements: Iterable[Statement], request: Request) -> Decision:
    """Evaluate a request against the statements of ``parse_all``."""
    context = Context(request.context)
    return _first(
        statement
        for statement in statements
        if _acts(statement, request.action)
        and _reaches(statement, request.resource, context)
        and _conditions_hold(statement, context)
    )


def decide_trust(document: PolicyDocument, request: TrustRequest) -> Decision:
    """Evaluate whether a role's trust policy allows an identity of a provider to assume the role.

    Only the policy is evaluated. The caller checks the token's signature and times, and that the
    provider accepts its audience.

    Raises:
        PolicyError: IAM would refuse a document, or a part of it is not supported.
        ValueError: An operator can't read a value of a condition or of the request.
    """
    context = Context(request.context)
    return _first(
        statement
        for statement in parse(document, PolicyKind.TRUST.value, PolicyKind.TRUST)
        if _acts(statement, request.action)
        and statement.principals & {ANYONE, (request.kind, request.provider)}
        and _conditions_hold(statement, context)
    )


def web_identity(provider: str, claims: Mapping[str, str | Sequence[str]]) -> TrustRequest:
    """The request of a token: its claims become keys that start with the provider's URL.

    Args:
        provider: ARN of the provider, ``arn:aws:iam::111111111111:oidc-provider/<URL>``.
        claims: The claims of the token that AWS supports as condition keys, by name: ``aud``,
            ``sub``, ``amr``, and ``oidc.circleci.com/project-id`` (circleci/circleci-docs#10376).

    Raises:
        ValueError: ``provider`` is not the ARN of an OIDC provider.
    """
    _, found, url = provider.partition(":oidc-provider/")
    if not found:
        raise ValueError(f"'{provider}' is not the ARN of an OIDC provider")
    return TrustRequest(provider, {f"{url}:{claim}": value for claim, value in claims.items()})


def _first(applying: Iterable[Statement]) -> Decision:
    """The decision of the first Deny that applies, otherwise of the first Allow."""
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
    """Actions are not case-sensitive and have no variables."""
    named = any(
        pattern(value.lower(), variables=False).matches(action.lower())
        for value in statement.actions.values
    )
    return named is not statement.actions.negated


def _reaches(statement: Statement, resource: str, context: Context) -> bool:
    """Resources are case-sensitive. If a variable has no value, the resource does not match."""
    selector = statement.resources
    named = False
    for text in selector.values:
        wanted = pattern(text, variables=statement.variables).resolve(context.single)
        misplaced = statement.variables and "${" in ":".join(text.split(":")[:_ARN_RESOURCE])
        if wanted is None or misplaced:
            # Variables are supported only in the last part of an ARN.
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
