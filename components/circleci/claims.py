"""From the claims of a CircleCI token to the request that AWS evaluates.

AWS supports only some claims as condition keys:

``aud``, ``sub`` and ``amr`` everywhere (IAM User Guide, "Available keys for AWS web identity
federation"); the project's in the commercial partition only (circleci/circleci-docs#10376).
"""

from collections.abc import Mapping
from typing import Any, Final

from components.aws.partitions import COMMERCIAL
from components.circleci.subject import PROJECT_CLAIM, issuer, parse_subject
from components.iam.decide import TrustRequest, web_identity

_TAKEN: Final = ("aud", "sub", "amr")

Claims = Mapping[str, Any]
"""The claims of a token; the signature is not checked here."""


def claims_of(organization: str, subject: str, audience: str | None = None) -> Claims:
    """The claims of a token. Without ``audience`` it is CircleCI's default: the organization."""
    job = parse_subject(subject)
    return {
        "iss": f"https://{issuer(organization)}",
        "aud": audience or organization,
        "sub": subject,
        **({PROJECT_CLAIM: job.project} if job else {}),
    }


def issuer_of(claims: Claims) -> str:
    """The issuer of a token without ``https://``; empty if the token has none."""
    return str(claims.get("iss", "")).removeprefix("https://")


def token_request(claims: Claims, partition: str, account: str) -> TrustRequest:
    """The request to assume a role. The account need not have a provider for the issuer.

    Args:
        claims: The token's claims. A claim that is not a string or a list of strings
            is ignored.
        partition: The partition of the account.
        account: The account of the role.
    """
    taken = (*_TAKEN, PROJECT_CLAIM) if partition == COMMERCIAL else _TAKEN
    keys = {name: claims[name] for name in taken if _is_text(claims.get(name))}
    return web_identity(f"arn:{partition}:iam::{account}:oidc-provider/{issuer_of(claims)}", keys)


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str)
