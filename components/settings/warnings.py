"""Warnings: findings about valid settings that are probably not intended."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from components.settings.findings import Finding, path_of
from components.settings.grant_warnings import of_grants
from components.settings.model import Role, Stack, User
from components.settings.trust_warnings import of_trust


def warnings(settings: Stack) -> tuple[Finding, ...]:
    """The warnings about valid settings, in the order of the config."""
    if not settings.identities:
        return (Finding("identities", "is empty: every identity of this stack will be deleted"),)
    of_identities = [
        Finding(f"{path_of(('identities', name))}.{found.path}", found.message)
        for name, identity in settings.identities.items()
        for found in _of_identity(identity)
    ]
    return (*of_identities, *_of_provider(settings))


def _of_provider(settings: Stack) -> Iterator[Finding]:
    has_role = any(isinstance(identity, Role) for identity in settings.identities.values())
    if settings.oidc_provider == "create" and not has_role:
        yield Finding(
            "oidcProvider", "'create' has no effect: no role in this stack trusts an organization"
        )


def _of_identity(identity: User | Role) -> Iterator[Finding]:
    yield from of_grants(identity.grants)
    for network in identity.source_ips:
        if (message := _odd_source(network)) is not None:
            yield Finding("sourceIps", f"'{network}' {message}")
    if isinstance(identity, Role):
        yield from _of_path(identity.path)
        yield from of_trust(identity.trust)


def _of_path(path: str) -> Iterator[Finding]:
    """CircleCI reads ``<<`` as a parameter, and its orb replaces variables (``env subst``)."""
    if strange := [text for text in ("<<", "$", "\\") if text in path]:
        message = f"contains {' and '.join(strange)}, which the aws-cli orb changes in a job"
        yield Finding("path", f"'{path}' {message}")


_PUBLIC: Final = "S3 sees only public addresses (and none through a VPC endpoint)"
_NEVER: Final = "no request to S3 comes from there"
_KINDS: Final = tuple(
    (ip_network(network), f"{kind}; {consequence}")
    for kind, consequence, networks in (
        ("is reserved for documentation (RFC 5737)", _NEVER, "192.0.2.0/24 198.51.100.0/24"),
        ("is reserved for documentation (RFC 5737)", _NEVER, "203.0.113.0/24"),
        ("is reserved for documentation (RFC 3849)", _NEVER, "2001:db8::/32"),
        ("is reserved for documentation (RFC 9637)", _NEVER, "3fff::/20"),
        ("is private (RFC 1918)", _PUBLIC, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16"),
        ("is private (RFC 4193)", _PUBLIC, "fc00::/7"),
        ("is shared by the customers of a carrier (RFC 6598)", _PUBLIC, "100.64.0.0/10"),
        ("is loopback", _NEVER, "127.0.0.0/8 ::1/128"),
        ("is link-local", _NEVER, "169.254.0.0/16 fe80::/10"),
        ("is multicast", _NEVER, "224.0.0.0/4 ff00::/8"),
        ("is for benchmarks (RFC 2544)", _NEVER, "198.18.0.0/15"),
        ("is for benchmarks (RFC 5180)", _NEVER, "2001:2::/48"),
        ("is reserved", _NEVER, "0.0.0.0/8 240.0.0.0/4 ::/128"),
    )
    for network in networks.split()
)
"""Networks without public addresses (IANA's registries of special-purpose addresses)."""


def _odd_source(text: str) -> str | None:
    network = ip_network(text)
    if network.prefixlen == 0:
        return "matches every address"
    for special, message in _KINDS:
        if network.version == special.version and network[0] in special and network[-1] in special:
            return message
    return None
