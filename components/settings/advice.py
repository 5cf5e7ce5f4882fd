"""What a stack's settings allow but their writer may not have meant."""

from collections.abc import Iterator
from ipaddress import ip_network

from components.settings.findings import Finding, path_of
from components.settings.grant_advice import of_grants
from components.settings.model import Role, Stack, User
from components.settings.trust_advice import of_trust


def advice(settings: Stack) -> tuple[Finding, ...]:
    """Warnings about valid settings, in the config's order."""
    if not settings.identities:
        return (Finding("identities", "is empty: every identity that the stack has is deleted"),)
    of_identities = [
        Finding(f"{path_of(('identities', name))}.{found.path}", found.message)
        for name, identity in settings.identities.items()
        for found in _of_identity(identity)
    ]
    return (*of_identities, *_of_provider(settings))


def _of_provider(settings: Stack) -> Iterator[Finding]:
    has_role = any(isinstance(identity, Role) for identity in settings.identities.values())
    if settings.oidc_provider == "create" and not has_role:
        yield Finding("oidcProvider", "'create' makes none: no role here trusts an organization")


def _of_identity(identity: User | Role) -> Iterator[Finding]:
    yield from of_grants(identity.grants)
    for network in identity.source_ips:
        if (doubt := _source_doubt(network)) is not None:
            yield Finding("sourceIps", f"'{network}' {doubt}")
    if isinstance(identity, Role):
        yield from _of_path(identity.path)
        yield from of_trust(identity.trust)


def _of_path(path: str) -> Iterator[Finding]:
    """CircleCI takes ``<<`` for a parameter, and its orb fills in variables (``env subst``)."""
    if strange := [text for text in ("<<", "$", "\\") if text in path]:
        fault = f"holds {' and '.join(strange)}, which a job with the aws-cli orb can't write"
        yield Finding("path", f"'{path}' {fault}")


def _source_doubt(network: str) -> str | None:
    parsed = ip_network(network)
    if parsed.prefixlen == 0:
        return "is every address"
    if parsed.is_private:
        return "is private; S3 sees public addresses (through a VPC endpoint it sees none at all)"
    return None
