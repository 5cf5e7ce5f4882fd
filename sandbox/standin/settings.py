"""The provider's own config: `aws:region`, `aws:allowedAccountIds`, `aws:assumeRoles`, ...

The stand-in honours what this project uses, ignores what only tunes the real provider, and refuses
all other settings by name.

The real provider takes its first credentials from the environment of the engine, which the
stand-in, another process, can't see. It takes credentials of the account that the config names
instead, or of moto's default account if it names none. Roles to assume, profiles and account guards
then work as in the real provider.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.accounts import DEFAULT_REGION
from sandbox.clients import Credentials
from sandbox.standin.values import UNKNOWN, Values

HONOURED: Final = frozenset(
    {
        "accessKey",
        "allowedAccountIds",
        "assumeRoles",
        "defaultTags",
        "forbiddenAccountIds",
        "profile",
        "region",
        "secretKey",
        "token",
    },
)
IGNORED: Final = frozenset(
    {
        "maxRetries",
        "retryMode",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "useDualstackEndpoint",
        "useFipsEndpoint",
        "version",
    },
)


@dataclass(frozen=True)
class ProviderSettings:
    """The provider's config, typed."""

    region: str
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()
    roles: tuple[Mapping[str, Any], ...] = ()
    profile: str | None = None
    keys: Credentials | None = None
    default_tags: Mapping[str, str] | None = None


def unknown_settings(config: Values) -> list[str]:
    """Return the names in a provider's config that the stand-in does not know."""
    return sorted(n for n in config if n not in HONOURED | IGNORED and not n.startswith("__"))


def read_settings(config: Values) -> ProviderSettings:
    """Read the provider's config, in which lists and objects are JSON text."""
    values = {name: _decoded(value) for name, value in config.items() if value is not UNKNOWN}
    keys = None
    if "accessKey" in values:
        keys = Credentials(
            str(values["accessKey"]),
            str(values.get("secretKey", "")),
            str(values["token"]) if values.get("token") else None,
        )
    return ProviderSettings(
        region=values.get("region", DEFAULT_REGION),
        allowed_accounts=tuple(_account(item) for item in values.get("allowedAccountIds", ())),
        forbidden_accounts=tuple(_account(item) for item in values.get("forbiddenAccountIds", ())),
        roles=tuple(values.get("assumeRoles", ())),
        profile=values.get("profile"),
        keys=keys,
        default_tags=(values.get("defaultTags") or {}).get("tags"),
    )


def _decoded(value: Any) -> Any:  # noqa: ANN401 - config holds anything
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        return json.loads(value)
    return value


def _account(value: object) -> str:
    """Return an account id; YAML may read it as a number, without its leading zeros."""
    return f"{value:012}" if isinstance(value, int) else str(value)
