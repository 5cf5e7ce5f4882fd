"""From a component's properties to the settings and the policy layout of its identity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pulumi.errors import InputPropertiesError
from pulumi.output import Unknown

from components.aws import limits
from components.circleci.subject import issuer
from components.policy.access import Restrictions
from components.policy.layout import Layout, layouts
from components.policy.permissions import permissions
from components.policy.split import INLINE
from components.settings import Finding, Role, SettingsError, User, load, warnings
from components.settings.findings import path_of, printable

PROVIDER: Final = "oidcProviderArn"

_ID: Final = "00000000-0000-0000-0000-000000000000"
_ACCOUNT: Final = "000000000000"
_EXAMPLES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "access": ["read"],
        "accessKeys": [],
        "actions": ["s3:GetObject"],
        "bucket": "unknown",
        "exclusive": False,
        "grants": [{"bucket": "unknown", "access": ["read"]}],
        "kmsKey": f"arn:aws:kms:us-east-1:{_ACCOUNT}:key/unknown",
        "maxSessionSeconds": 3_600,
        "organization": _ID,
        "origins": ["example.com/unknown"],
        "path": "/",
        "permissionsBoundary": f"arn:aws:iam::{_ACCOUNT}:policy/unknown",
        "prefixes": ["unknown/"],
        "projectIdClaim": False,
        "projects": [_ID],
        "refs": ["refs/heads/unknown"],
        "requireTls": False,
        "sourceIps": ["192.0.2.0/24"],
        "tags": {},
        "trust": {"organization": _ID, "projects": [_ID]},
        "users": [_ID],
    }
)
"""What a value is checked as while it is not known. It hides no finding about other values, and no
resource gets it."""
_AS_GIVEN: Final = MappingProxyType(
    {
        "path": "path",
        "permissionsBoundary": "permissions_boundary",
        "tags": "tags",
        "maxSessionSeconds": "max_session_seconds",
    }
)
"""The properties that resources get as they are; no document depends on them."""


@dataclass(frozen=True)
class CheckedIdentity:
    """An identity's settings and layout. Only a preview has ``unknown`` properties: their paths."""

    settings: User | Role
    layout: Layout
    unknown: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def has_documents(self) -> bool:
        """Whether everything is known that the policy documents depend on."""
        return all(path.partition(".")[0] in _AS_GIVEN for path in self.unknown)


def check_identity(
    kind: limits.Kind, name: str, properties: Mapping[str, Any], partition: str | None
) -> CheckedIdentity:
    """Check the properties of an identity, as the program checks a stack's config.

    Raises:
        InputPropertiesError: With every finding, by the path of its property.
    """
    unknown: list[str] = []
    own = {key: value for key, value in properties.items() if key not in ("name", PROVIDER)}
    try:
        stack = load("", {"identities": {name: {"kind": kind, **_known(own, (), unknown)}}})
        settings = stack.identities[name]
        # Sizes depend on what is unknown, so they are checked in `up`.
        layout = _inline(settings) if unknown else layouts("", stack, partition)[name]
    except SettingsError as error:
        raise wrong(name, error.findings) from None
    if findings := [*_provider_findings(settings, properties.get(PROVIDER))]:
        raise wrong(name, findings)
    later = {
        setting: properties[key]
        for key, setting in _AS_GIVEN.items()
        if any(path.partition(".")[0] == key for path in unknown)
    }
    said = () if unknown else tuple(_text(name, one) for one in warnings(stack))
    return CheckedIdentity(settings.model_copy(update=later), layout, tuple(unknown), said)


def wrong(name: str, findings: Iterable[Finding]) -> InputPropertiesError:
    """The error that Pulumi shows with the path of each property and without a traceback."""
    return InputPropertiesError(
        f"{name} can't be created",
        [
            {"property_path": _property(name, one.path), "reason": printable(one.message)}
            for one in findings
        ],
    )


def _property(name: str, path: str) -> str:
    """The path of a property, from its path in a stack's config."""
    return path.removeprefix(path_of(("identities", name))).removeprefix(".") or "name"


def _text(name: str, finding: Finding) -> str:
    return printable(f"{_property(name, finding.path)}: {finding.message}")


def _provider_findings(settings: User | Role, given: object) -> Iterable[Finding]:
    if isinstance(settings, Role) and isinstance(given, str):
        expected = f":oidc-provider/{issuer(settings.trust.organization)}"
        if not given.endswith(expected):
            yield Finding(
                PROVIDER, f"'{given}' does not end in {expected}, as trust.organization needs"
            )


def _inline(settings: User | Role) -> Layout:
    """The layout with all permissions in one policy."""
    restrictions = Restrictions(settings.require_tls, settings.source_ips)
    return Layout({INLINE: permissions(settings.grants)}, restrictions)


def _known(value: Any, steps: tuple[str | int, ...], unknown: list[str]) -> Any:  # noqa: ANN401 - any JSON
    """The value with examples for what is unknown, whose paths are added to ``unknown``.

    Unknown items of a list are left out: an example might repeat another item. Whole numbers become
    int, since Pulumi passes every number as a float.
    """
    match value:
        case Unknown():
            unknown.append(path_of(steps))
            return _EXAMPLES.get(str(steps[-1]), "unknown")
        case dict():
            return {key: _known(one, (*steps, key), unknown) for key, one in value.items()}
        case list():
            unknown += [
                path_of((*steps, at)) for at, one in enumerate(value) if isinstance(one, Unknown)
            ]
            items = [
                _known(one, (*steps, at), unknown)
                for at, one in enumerate(value)
                if not isinstance(one, Unknown)
            ]
            return items if items or not value else _EXAMPLES[str(steps[-1])]
        case float() if value.is_integer():
            return int(value)
    return value
