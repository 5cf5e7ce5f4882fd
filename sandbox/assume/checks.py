"""What AWS checks of a token before it gives a session, and moto does not: done here in its place.

By the AWS STS API Reference, "AssumeRoleWithWebIdentity", and the IAM User Guide, "Create an OpenID
Connect (OIDC) identity provider in IAM".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from joserfc.jwk import RSAKey

from components.circleci.claims import Claims, issuer_of, token_request
from components.circleci.refusals import refusals
from components.iam.decide import decide_trust
from components.iam.document import PolicyDocument
from sandbox.assume.tokens import moment, signature_fault, time_fault

_NOT_VALID: Final = "InvalidIdentityToken"


@dataclass(frozen=True)
class Provider:
    """An OIDC provider of an account, as read back."""

    arn: str
    audiences: tuple[str, ...]

    @property
    def url(self) -> str:
        """The issuer that it stands for, without its scheme."""
        return self.arn.partition(":oidc-provider/")[2]


@dataclass(frozen=True)
class RoleTrust:
    """Whom a role lets in: its trust policy and its account's providers, as read back."""

    arn: str
    document: PolicyDocument
    providers: tuple[Provider, ...]


@dataclass(frozen=True)
class Check:
    """One check of a token: what was found, and what AWS calls it if it is not passed."""

    name: str
    passed: bool
    words: tuple[str, ...]
    aws_error: str


def checks(token: str, claims: Claims, key: RSAKey, role: RoleTrust, now: datetime) -> list[Check]:
    """Check a token for a role, all that AWS would, in AWS's order and to the end.

    Args:
        token: the token.
        claims: what it says.
        key: the key that it must be signed with.
        role: the role that it is for.
        now: when.

    Raises:
        ValueError: the trust policy holds what can't be judged here.
    """
    return [
        _signature(token, key),
        _expiry(claims, now),
        *_provider(claims, role),
        _trust(claims, role),
    ]


def _signature(token: str, key: RSAKey) -> Check:
    fault = signature_fault(token, key)
    words = fault or "made with the test issuer's key (RS256)"
    return Check("signature", fault is None, (words,), _NOT_VALID)


def _expiry(claims: Claims, now: datetime) -> Check:
    fault = time_fault(claims, now)
    words = fault or f"valid until {moment(claims['exp'])}"
    return Check("expiry", fault is None, (words,), "ExpiredTokenException")


def _provider(claims: Claims, role: RoleTrust) -> Iterator[Check]:
    url, audience = issuer_of(claims), claims.get("aud")
    found = next((one for one in role.providers if one.url == url), None)
    if found is None:
        words = f"the account has no OIDC provider for {url or claims.get('iss')}"
        yield Check("issuer", passed=False, words=(words,), aws_error=_NOT_VALID)
        return
    words = f"{url} is an OIDC provider of the account"
    yield Check("issuer", passed=True, words=(words,), aws_error=_NOT_VALID)
    passed = audience in found.audiences
    words = "one that the provider takes"
    if not passed:
        words = f"{audience}; the provider takes {' or '.join(found.audiences)}"
    yield Check("audience", passed, (words,), _NOT_VALID)


def _trust(claims: Claims, role: RoleTrust) -> Check:
    _, partition, _, _, account, _ = role.arn.split(":", 5)
    request = token_request(claims, partition, account)
    decision = decide_trust(role.document, request)
    if decision.allowed:
        words = ["the role's trust policy lets the job in"]
    else:
        words = refusals(role.document, request, decision)
    return Check("trust", decision.allowed, tuple(words), "AccessDenied")
