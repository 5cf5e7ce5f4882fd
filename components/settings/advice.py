"""What a stack's settings allow but their writer may not have meant."""

from collections.abc import Iterator
from ipaddress import ip_network
from itertools import product

from components.aws.actions import ACCESS, EVERYTHING, Action, Placement, action
from components.aws.bucket_names import name_doubt
from components.settings.findings import Finding, path_of
from components.settings.model import Grant, Role, Stack, Trust, User
from components.settings.trust_rules import ANY_PROJECT


def advice(settings: Stack) -> tuple[Finding, ...]:
    """Warnings about valid settings, in the config's order."""
    return tuple(
        Finding(f"{path_of(('identities', name))}.{found.path}", found.message)
        for name, identity in settings.identities.items()
        for found in _of_identity(identity)
    )


def _of_identity(identity: User | Role) -> Iterator[Finding]:
    for index, grant in enumerate(identity.grants):
        yield from _of_grant(index, grant)
        for earlier, other in enumerate(identity.grants[:index]):
            if (relation := _overlap(grant, other)) is not None:
                yield Finding(f"grants[{index}]", f"{relation} grants[{earlier}]")
    for network in identity.source_ips:
        if (doubt := _source_doubt(network)) is not None:
            yield Finding("sourceIps", f"'{network}' {doubt}")
    if isinstance(identity, Role):
        yield from _of_trust(identity.trust)


def _of_grant(index: int, grant: Grant) -> Iterator[Finding]:
    if (doubt := name_doubt(grant.bucket)) is not None:
        yield Finding(f"grants[{index}].bucket", f"'{grant.bucket}' {doubt}; an older one may")
    for prefix in grant.prefixes:
        if prefix.startswith("/"):
            yield Finding(
                f"grants[{index}].prefixes",
                f"'{prefix}' starts with '/', which S3 takes for a part of the key; "
                f"most keys are like '{prefix.lstrip('/')}…'",
            )
        for other in grant.prefixes:
            if other != prefix and prefix.startswith(other):
                yield Finding(f"grants[{index}].prefixes", f"'{prefix}' lies in '{other}' already")


def _overlap(grant: Grant, other: Grant) -> str | None:
    """How two grants of one identity overlap: their rights are joined, which is rarely meant."""
    if grant.bucket != other.bucket:
        return None
    rights, others = _actions(grant), _actions(other)
    if not (rights & others or _swallows(rights, others) or _swallows(others, rights)):
        return None
    if (rights, set(grant.prefixes)) == (others, set(other.prefixes)):
        return "repeats"
    pairs = product(grant.prefixes or ("",), other.prefixes or ("",))
    if any(one.startswith(two) or two.startswith(one) for one, two in pairs):
        return "overlaps with"
    return None


def _actions(grant: Grant) -> set[Action]:
    by_words = {one for word in grant.access for one in ACCESS[word]}
    return by_words | {action(name) for name in grant.actions}


def _swallows(rights: set[Action], others: set[Action]) -> bool:
    """Whether one has every action on objects, and the other some of them."""
    has_all = any(one.name == EVERYTHING for one in rights)
    return has_all and any(one.placement is Placement.OBJECT for one in others)


def _source_doubt(network: str) -> str | None:
    parsed = ip_network(network)
    if parsed.prefixlen == 0:
        return "is every address"
    if parsed.is_private:
        return "is private; S3 sees public addresses (through a VPC endpoint it sees none at all)"
    return None


def _of_trust(trust: Trust) -> Iterator[Finding]:
    if ANY_PROJECT in trust.projects:
        yield Finding(
            "trust.projects",
            "'*' lets every project of the organization assume the role, also one made tomorrow",
        )
