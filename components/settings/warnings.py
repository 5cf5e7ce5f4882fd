"""Warnings: findings about valid settings that are probably not intended."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from itertools import product
from typing import Final

from components.aws.actions import (
    ACCESS,
    EVERYTHING,
    Action,
    Target,
    action,
    changes_access,
    objects_access,
)
from components.aws.bucket_names import outdated_name
from components.settings.findings import Finding, path_of
from components.settings.model import Grant, Role, Stack, Trust, User
from components.settings.trust_rules import ANY_PROJECT, KINDS


def warnings(settings: Stack) -> tuple[Finding, ...]:
    """The warnings about valid settings, in the order of the config."""
    if not settings.identities and not settings.organizations:
        return (Finding("identities", "is empty: every identity of this stack will be deleted"),)
    of_identities = [
        Finding(f"{path_of(('identities', name))}.{found.path}", found.message)
        for name, identity in settings.identities.items()
        for found in _of_identity(identity)
    ]
    return (*of_identities, *_of_provider(settings))


def _of_provider(settings: Stack) -> Iterator[Finding]:
    if settings.oidc_provider == "create" and not settings.all_organizations:
        yield Finding(
            "oidcProvider",
            "'create' has no effect: no role in this stack trusts an organization; organizations "
            "lists those whose providers are created for later roles",
        )


def _of_identity(identity: User | Role) -> Iterator[Finding]:
    yield from _of_grants(identity.grants)
    for network in identity.source_ips:
        if (message := _odd_source(network)) is not None:
            yield Finding("sourceIps", f"'{network}' {message}")
    if isinstance(identity, Role):
        yield from _of_path(identity.path)
        yield from _of_trust(identity.trust)


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


def _of_grants(grants: Sequence[Grant]) -> Iterator[Finding]:
    """The warnings about the grants of one identity; paths start at the identity."""
    for index, grant in enumerate(grants):
        for about, message in _of_grant(grant):
            yield Finding(f"grants[{index}].{about}", message)
        for earlier, other in enumerate(grants[:index]):
            if (relation := _overlap(grant, other)) is not None:
                yield Finding(f"grants[{index}]", f"{relation} grants[{earlier}]")


def _of_grant(grant: Grant) -> Iterator[tuple[str, str]]:
    if (message := outdated_name(grant.bucket)) is not None:
        yield "bucket", f"'{grant.bucket}' {message}; an older bucket may have it"
    if "full" in grant.access:
        yield "access", f"full includes {_managing(objects_access())}"
    yield from (("actions", message) for message in _of_actions(grant))
    yield from (("prefixes", message) for message in _of_prefixes(grant.prefixes))
    if grant.kms_key is not None and not grant.key_needs:
        yield (
            "kmsKey",
            "no action in this grant uses the key; only reading and writing objects use it",
        )


def _of_actions(grant: Grant) -> Iterator[str]:
    named = [action(name) for name in grant.actions]
    # Actions that access words also allow are not reported here.
    wide = [one.name for one in named if _ignores_prefixes(one) and one not in ACCESS["list"]]
    if grant.prefixes and wide:
        yield f"{', '.join(wide)}: applies to the whole bucket; prefixes do not limit it"
    if managing := [one.name for one in named if changes_access(one.name)]:
        yield _managing(managing)


def _managing(names: Sequence[str]) -> str:
    return (
        f"{', '.join(names)}: AWS classifies this as permissions management; "
        "it can be used to give access to others"
    )


def _ignores_prefixes(one: Action) -> bool:
    return one.target is Target.BUCKET and not one.knows_prefix


def _of_prefixes(prefixes: Sequence[str]) -> Iterator[str]:
    for prefix in prefixes:
        if prefix.startswith("/"):
            usual = prefix.lstrip("/")
            right = f"most keys look like '{usual}…'" if usual else "few keys start with it"
            yield f"'{prefix}' starts with '/', which is part of the key in S3; {right}"
        for other in prefixes:
            if other != prefix and prefix.startswith(other):
                yield f"'{prefix}' is already covered by '{other}'"


def _overlap(grant: Grant, other: Grant) -> str | None:
    """How two grants of one identity overlap, or None. Their actions are joined."""
    if grant.bucket != other.bucket:
        return None
    rights, others = grant.all_actions, other.all_actions
    if not (rights & others or _swallows(rights, others) or _swallows(others, rights)):
        return None
    if (rights, set(grant.prefixes)) == (others, set(other.prefixes)):
        return "repeats"
    pairs = product(grant.prefixes or ("",), other.prefixes or ("",))
    if any(one.startswith(two) or two.startswith(one) for one, two in pairs):
        return "overlaps with"
    return None


def _swallows(rights: frozenset[Action], others: frozenset[Action]) -> bool:
    """Whether one has every action on objects, and the other has some of them."""
    has_all = any(one.name == EVERYTHING for one in rights)
    return has_all and any(one.target is Target.OBJECT for one in others)


def _of_trust(trust: Trust) -> Iterator[Finding]:
    """The warnings about one role's trust; paths start at the role.

    There is no warning about missing origins. Most roles do not need them: forks get tokens
    only if a project passes secrets to them, which AWS can't see (docs/roles.md).
    """
    if ANY_PROJECT in trust.projects:
        yield Finding(
            "trust.projects",
            "'*' lets every project of the organization assume the role, "
            "including projects created later",
        )
    for origin in trust.origins:
        if (message := _odd_origin(origin)) is not None:
            yield Finding("trust.origins", f"'{origin}' {message}")
    for ref in trust.refs:
        if not _is_usual(ref):
            yield Finding(
                "trust.refs",
                f"'{ref}' is not a branch (refs/heads/…), tag (refs/tags/…) "
                "or pull request (refs/pull/…); probably no job has it",
            )


def _odd_origin(origin: str) -> str | None:
    host, _, path = origin.partition("/")
    if "." not in host:
        return f"has no host; did you mean 'github.com/{origin}'?"
    if host != host.lower():
        usual = f"{host.lower()}/{path}"
        return f"has uppercase letters in its host, and case matters; did you mean '{usual}'?"
    if "/" not in path:
        return "has only one name after the host; an origin is host, owner and repository"
    return None


def _is_usual(ref: str) -> bool:
    known = [f"refs/{kind}" for kind in KINDS]
    beginning = ref.removesuffix("*")
    is_open = beginning != ref
    return any(
        beginning.startswith(kind) or (is_open and kind.startswith(beginning)) for kind in known
    )
