"""From grants to permissions: what an identity may do under each prefix of each bucket."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from components.aws.actions import EVERYTHING, Action, Target
from components.settings.model import Grant


@dataclass(frozen=True)
class Permission:
    """The actions allowed in one bucket under one prefix; ``""`` is the whole bucket.

    ``listing`` are the actions on the bucket whose requests contain ``s3:prefix``, so they can
    be limited to the prefix. ``on_bucket`` are the other actions on the bucket. ``on_keys``
    are pairs of a KMS key's ARN and an action.
    """

    bucket: str
    prefix: str
    on_objects: frozenset[str] = frozenset()
    listing: frozenset[str] = frozenset()
    on_bucket: frozenset[str] = frozenset()
    on_keys: frozenset[tuple[str, str]] = frozenset()

    def __or__(self, other: "Permission") -> "Permission":
        """The union of two permissions for the same bucket and prefix."""
        return Permission(
            self.bucket,
            self.prefix,
            _simplest(self.on_objects | other.on_objects),
            self.listing | other.listing,
            self.on_bucket | other.on_bucket,
            self.on_keys | other.on_keys,
        )

    def __sub__(self, wider: "Permission") -> "Permission":
        """The actions that ``wider``, whose prefix covers this one, does not allow already."""
        covers_all = EVERYTHING in wider.on_objects
        return Permission(
            self.bucket,
            self.prefix,
            frozenset() if covers_all else self.on_objects - wider.on_objects,
            self.listing - wider.listing,
            self.on_bucket - wider.on_bucket,
            self.on_keys - wider.on_keys,
        )

    def __bool__(self) -> bool:
        return bool(self.on_objects or self.listing or self.on_bucket or self.on_keys)


def permissions(grants: Iterable[Grant]) -> tuple[Permission, ...]:
    """The joined permissions of an identity's grants, without those that others cover.

    They are in canonical order, whatever the order of the grants and their words.
    """
    joined: dict[tuple[str, str], Permission] = {}
    for grant in grants:
        for permission in _of_grant(grant):
            place = (permission.bucket, permission.prefix)
            joined[place] = joined[place] | permission if place in joined else permission
    by_bucket: defaultdict[str, list[Permission]] = defaultdict(list)
    for _, permission in sorted(joined.items()):
        by_bucket[permission.bucket].append(permission)
    return tuple(left for found in by_bucket.values() for left in _uncovered(found))


def _simplest(actions: frozenset[str]) -> frozenset[str]:
    return frozenset({EVERYTHING}) if EVERYTHING in actions else actions


def _of_grant(grant: Grant) -> Iterable[Permission]:
    wanted = grant.all_actions
    on_objects = frozenset(one.name for one in wanted if one.target is Target.OBJECT)
    on_keys = frozenset((grant.kms_key, need) for need in grant.key_needs if grant.kms_key)
    return (
        Permission(
            grant.bucket,
            prefix,
            on_objects=on_objects,
            listing=_on_bucket(wanted, knows_prefix=True),
            on_bucket=_on_bucket(wanted, knows_prefix=False),
            on_keys=on_keys,
        )
        for prefix in grant.prefixes or ("",)
    )


def _on_bucket(wanted: Iterable[Action], *, knows_prefix: bool) -> frozenset[str]:
    return frozenset(
        one.name
        for one in wanted
        if one.target is Target.BUCKET and one.knows_prefix is knows_prefix
    )


def _uncovered(of_bucket: list[Permission]) -> Iterable[Permission]:
    """The input is sorted by prefix, so a wider prefix comes before those that it covers."""
    for index, permission in enumerate(of_bucket):
        left = permission
        for wider in of_bucket[:index]:
            if permission.prefix.startswith(wider.prefix):
                left -= wider
        if left:
            yield left
