"""What STS checks of a token before it looks at the role's trust.

By the IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM". The keys of every
provider are those of the sandbox's test issuer.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from components.circleci.claims import Claims, issuer_of
from sandbox.authorization.refusal import Refusal
from sandbox.issuer import TokenError, read_key, read_unchecked, signature_fault, time_fault

_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")


def checked(token: str, providers: Any, issuer_key: Path, now: datetime) -> tuple[Claims, Any]:  # noqa: ANN401 - moto has no types
    """Check a token; return its claims and its provider.

    Args:
        token: the token.
        providers: moto's OIDC providers of the role's account.
        issuer_key: the file with the key that tokens must be signed with.
        now: when.

    Raises:
        Refusal: STS does not take it.
    """
    try:
        claims = read_unchecked(token)
    except TokenError:
        raise _invalid("The ID Token provided is not a valid JWT") from None
    for name in _REQUIRED:
        if name not in claims:
            raise _invalid(f"Missing a required claim: {name}")
    provider = next((one for one in providers if _is_of(one, claims)), None)
    if provider is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {claims['iss']}")
    key = read_key(issuer_key)
    if key is None or signature_fault(token, key) is not None:
        raise _invalid(
            "The web identity token that was passed could not be validated: it is not signed by "
            "the sandbox's test issuer"
        )
    if (fault := time_fault(claims, now)) is not None:
        if fault.startswith("expired"):
            raise Refusal("ExpiredTokenException", 400, f"Token {fault}")
        raise _invalid(f"The token is {fault}")
    if claims["aud"] not in provider.client_id_list:
        raise _invalid("Incorrect token audience")
    return claims, provider


def _is_of(provider: Any, claims: Claims) -> bool:  # noqa: ANN401 - moto has no types
    """Whether a provider stands for a token's issuer, which is an HTTPS URL."""
    return str(claims["iss"]).startswith("https://") and provider.url == issuer_of(claims)


def _invalid(words: str) -> Refusal:
    return Refusal("InvalidIdentityToken", 400, words)
