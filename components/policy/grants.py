"""Grants taken apart into grants of one right under one prefix, and put together again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from components.aws.actions import ACCESS
from components.settings.model import Grant

_ORDER: Final = list(ACCESS)
_WITH_FULL: Final = frozenset({"full", "list"})


def unit(bucket: str, right: str, prefix: str = "") -> Grant:
    """The grant of one word or action; ``""`` is the whole bucket."""
    kind = "access" if right in ACCESS else "actions"
    named = {"prefixes": [prefix]} if prefix else {}
    return Grant.model_validate({"bucket": bucket, kind: [right], **named})


def apart(grant: Grant) -> Iterator[Grant]:
    """The grant as units."""
    for right in (*grant.access, *grant.actions):
        for prefix in grant.prefixes or ("",):
            alone = unit(grant.bucket, right, prefix)
            yield alone.model_copy(update={"kms_key": grant.kms_key})


def together(units: Iterable[Grant]) -> list[Grant]:
    """Units as few grants: one for each set of rights, with all its prefixes."""
    rights: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in units:
        place = (one.bucket, one.kms_key or "", "".join(one.prefixes))
        rights[place] |= {*one.access, *one.actions}
    prefixes: defaultdict[tuple[str, str, bool, frozenset[str]], list[str]] = defaultdict(list)
    for (bucket, key, prefix), held in sorted(rights.items()):
        for some in filter(None, _combinable(held)):
            # What is for the whole bucket is a grant of its own, without prefixes.
            prefixes[bucket, key, bool(prefix), some].append(prefix)
    made = []
    for (bucket, key, has_prefix, some), under in prefixes.items():
        given = {
            "access": sorted((one for one in some if one in ACCESS), key=_ORDER.index),
            "actions": sorted(one for one in some if one not in ACCESS),
            "prefixes": under if has_prefix else [],
            "kmsKey": key,
        }
        made.append(
            Grant.model_validate({"bucket": bucket} | {k: v for k, v in given.items() if v})
        )
    return made


def _combinable(rights: set[str]) -> tuple[frozenset[str], ...]:
    """``full`` is combined with ``list`` only in one grant."""
    with_full = rights & _WITH_FULL if "full" in rights else set()
    return frozenset(with_full), frozenset(rights - with_full)


def as_config(grant: Grant) -> dict[str, Any]:
    """The grant as a stack's file writes it."""
    return grant.model_dump(mode="json", by_alias=True, exclude_defaults=True)
