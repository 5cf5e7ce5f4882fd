"""Who may assume a role, by its trust policy alone."""

import re
from typing import Any

import pytest

from components.iam.decide import (
    Decision,
    Reason,
    TrustRequest,
    decide_trust,
    web_identity,
)

Document = dict[str, Any]

ORG = "1f5ef4a1-0000-4000-8000-000000000000"
ISSUER = f"oidc.circleci.com/org/{ORG}"
PROVIDER = f"arn:aws:iam::111111111111:oidc-provider/{ISSUER}"
SUB = f"org/{ORG}/project/p/user/u"


def trust(principal: object = None, **conditions: object) -> Document:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER} if principal is None else principal,
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{ISSUER}:aud": ORG}, **conditions},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def token(**claims: str) -> TrustRequest:
    return web_identity(PROVIDER, {"aud": ORG, "sub": SUB} | claims)


@pytest.mark.parametrize(
    ("policy", "request_", "expected"),
    [
        (trust(), token(), True),
        (trust(), token(aud="sts.amazonaws.com"), False),
        (trust(StringLike={f"{ISSUER}:sub": f"org/{ORG}/project/p/user/?"}), token(), True),
        (trust(StringLike={f"{ISSUER}:sub": f"org/{ORG}/project/q/*"}), token(), False),
        (trust(StringNotLike={f"{ISSUER}:sub": "*/vcs-ref/*"}), token(), True),
        (trust(StringNotLike={f"{ISSUER}:sub": "*/user/u"}), token(), False),
        (trust("*"), token(), True),
        (trust({"AWS": "*"}), token(), True),
        (trust({"AWS": "arn:aws:iam::111111111111:root"}), token(), False),
        (trust({"Federated": [f"{PROVIDER}2", PROVIDER]}), token(), True),
        (trust({"Federated": f"{PROVIDER}2"}), token(), False),
        (trust({"Federated": PROVIDER.upper()}), token(), False),
        (trust({"AWS": PROVIDER}), token(), False),
        (trust(), TrustRequest(PROVIDER, token().context, action="sts:TagSession"), False),
    ],
)
def test_trust_is_provider_action_and_conditions(
    policy: Document, request_: TrustRequest, *, expected: bool
) -> None:
    assert decide_trust(policy, request_).allowed is expected


def test_a_deny_in_a_trust_policy_wins() -> None:
    policy = trust()
    policy["Statement"].append({**policy["Statement"][0], "Effect": "Deny", "Sid": "No"})
    assert decide_trust(policy, token()) == Decision(
        allowed=False, reason=Reason.DENIED, document="trust policy", statement=1, sid="No"
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Resource": "*"}, "Resource"),
        ({"NotPrincipal": "*"}, "NotPrincipal"),
        ({"Principal": PROVIDER}, "Principal"),
        ({"Principal": {}}, "Principal"),
    ],
)
def test_what_a_trust_policy_cannot_hold_is_an_error(
    changed: dict[str, object], words: str
) -> None:
    policy = trust()
    policy["Statement"][0] |= changed
    with pytest.raises(ValueError, match=words):
        decide_trust(policy, token())


def test_a_web_identity_needs_the_arn_of_an_oidc_provider() -> None:
    with pytest.raises(ValueError, match=re.escape("saml-provider/x")):
        web_identity("arn:aws:iam::111111111111:saml-provider/x", {})
