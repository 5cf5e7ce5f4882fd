"""Warnings about grants that are probably not intended."""

from collections.abc import Iterator, Sequence
from itertools import product

from components.aws.actions import (
    ACCESS,
    EVERYTHING,
    NEEDS_OF_KEY,
    Action,
    Target,
    action,
    changes_access,
    objects_access,
)
from components.aws.bucket_names import outdated_name
from components.settings.findings import Finding
from components.settings.model import Grant


def of_grants(grants: Sequence[Grant]) -> Iterator[Finding]:
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
    if grant.kms_key is not None and not any(one.name in NEEDS_OF_KEY for one in _rights(grant)):
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
    rights, others = _rights(grant), _rights(other)
    if not (rights & others or _swallows(rights, others) or _swallows(others, rights)):
        return None
    if (rights, set(grant.prefixes)) == (others, set(other.prefixes)):
        return "repeats"
    pairs = product(grant.prefixes or ("",), other.prefixes or ("",))
    if any(one.startswith(two) or two.startswith(one) for one, two in pairs):
        return "overlaps with"
    return None


def _rights(grant: Grant) -> set[Action]:
    by_words = {one for word in grant.access for one in ACCESS[word]}
    return by_words | {action(name) for name in grant.actions}


def _swallows(rights: set[Action], others: set[Action]) -> bool:
    """Whether one has every action on objects, and the other has some of them."""
    has_all = any(one.name == EVERYTHING for one in rights)
    return has_all and any(one.target is Target.OBJECT for one in others)
