"""What AWS is asked with a token of CircleCI: the claims that it takes as condition keys.

``aud``, ``sub`` and ``amr`` everywhere (IAM User Guide, "Available keys for AWS web identity
federation"); the project's in the commercial partition only (circleci/circleci-docs#10376).
"""

from collections.abc import Mapping
from typing import Any, Final

from components.aws.partitions import COMMERCIAL
from components.circleci.subject import PROJECT_CLAIM
from components.iam.decide import TrustRequest, web_identity

_TAKEN: Final = ("aud", "sub", "amr")

Claims = Mapping[str, Any]
"""What a token says, whoever signed it."""


def issuer_of(claims: Claims) -> str:
    """A token's issuer without its scheme; a token without one has an empty one."""
    return str(claims.get("iss", "")).removeprefix("https://")


def token_request(claims: Claims, partition: str, account: str) -> TrustRequest:
    """The request to assume a role of an account, whether it has a provider of the issuer or not.

    Args:
        claims: what the token says; a claim that is not a string or a list of strings
            is left out.
        partition: the account's partition.
        account: the role's account.
    """
    taken = (*_TAKEN, PROJECT_CLAIM) if partition == COMMERCIAL else _TAKEN
    keys = {name: claims[name] for name in taken if _is_text(claims.get(name))}
    return web_identity(f"arn:{partition}:iam::{account}:oidc-provider/{issuer_of(claims)}", keys)


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str)
