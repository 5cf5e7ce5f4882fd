"""Who may do what in one place, over all stacks: from the stacks' files alone.

No engine is asked, and a file that doesn't hold the bucket's name grants nothing on it and isn't
read as YAML, so that hundreds of stacks take about a second. `Pulumi.yaml` may grant in them all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from components.aws.actions import EVERYTHING, Action, Target
from components.aws.limits import Kind
from components.iam.conditions import Condition
from components.iam.document import Effect, Statement
from components.iam.requests import Location
from components.iam.words import condition_said
from components.policy.access import Restrictions, access_statements
from components.policy.permissions import permissions
from components.policy.trust import description
from components.settings.config_keys import PROJECT
from components.settings.findings import SettingsError
from components.settings.model import Role, User
from components.settings.stack_file import read, stacks
from rollout.choosing.inventory import Member, select

_ODD: Final = (b"\\", b"secure:", b"!", b"\xff")
"""With one of these in a file, a name may be in it without being seen: an escape, a secret, a tag,
another encoding than UTF-8."""
_VIA: Final = "Assumed by "
_ARN: Final = "arn:aws:s3:::"
_PREFIX: Final = "s3:prefix"


@dataclass(frozen=True)
class Holder:
    """An identity that may do something there.

    `resources` are the bucket, or what of it, as `acme-site/public/*`; `conditions` are in words;
    `via` says which jobs assume a role, or which access keys a user has.
    """

    stack: str
    identity: str
    kind: Kind
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[str, ...]
    via: str
    boundary: str | None


@dataclass(frozen=True)
class Holders:
    """Who may do what, and the stacks whose files can't be used, with all that is wrong there."""

    holders: tuple[Holder, ...]
    errors: tuple[SettingsError, ...]


def list_holders(
    root: Path, place: Location, patterns: Sequence[str] = (), actions: Sequence[Action] = ()
) -> Holders:
    """Find who may do something in a place.

    Args:
        root: the project.
        place: an object; a key that ends in `/`, and a bucket alone, mean all that is below too.
        patterns: the stacks to look at, by names or globs; all if there is none.
        actions: what is asked about; everything if there is none.

    Raises:
        RolloutError: a pattern matches no stack.
    """
    members = select([Member(name, None) for name in stacks(root)], patterns)
    project = (root / PROJECT).read_bytes() if (root / PROJECT).exists() else b""
    holders: list[Holder] = []
    errors: list[SettingsError] = []
    for stack in (member.name for member in members):
        try:
            holders += _in_stack(root, stack, project, place, actions)
        except SettingsError as error:
            errors.append(error)
    return Holders(tuple(holders), tuple(errors))


def _in_stack(
    root: Path, stack: str, project: bytes, place: Location, actions: Sequence[Action]
) -> Iterator[Holder]:
    content = (root / f"Pulumi.{stack}.yaml").read_bytes() + project
    if place.bucket.encode() not in content and not any(odd in content for odd in _ODD):
        return
    for name, identity in read(root, stack).settings().identities.items():
        for right in _rights(identity, place, actions):
            boundary = identity.permissions_boundary
            yield Holder(stack, name, identity.KIND, *right, via(identity), boundary)


_Right = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""Actions, resources and conditions."""


def _rights(identity: User | Role, place: Location, actions: Sequence[Action]) -> Iterator[_Right]:
    """What the identity may do there: each statement that its document would have on the bucket."""
    held = [
        replace(one, on_keys=frozenset())
        for one in permissions(identity.grants)
        if one.bucket == place.bucket
    ]
    if not held:
        return
    # Only the name is of interest, not the partition.
    arns = {place.bucket: f"{_ARN}{place.bucket}"}
    limits = Restrictions(identity.require_tls, identity.source_ips)
    for statement in access_statements(held, arns, limits):
        wanted = tuple(name for name in statement.actions.values if _is_asked(name, actions))
        resources = tuple(_reached(statement, place))
        conditions = [_narrowed(condition, place) for condition in statement.conditions]
        if statement.effect is Effect.ALLOW and wanted and resources and all(conditions):
            said = map(condition_said, filter(None, conditions))
            yield wanted, resources, (*said, *tls(identity))


def _is_asked(name: str, actions: Sequence[Action]) -> bool:
    if name == EVERYTHING:
        return not actions or any(one.target is Target.OBJECT for one in actions)
    return not actions or any(one.name == name for one in actions)


def _reached(statement: Statement, place: Location) -> Iterator[str]:
    for value in statement.resources.values:
        resource = value.removeprefix(_ARN)
        _, is_below, prefix = resource.partition("/")
        if not is_below or _meets(prefix, place.key):
            yield resource


def _narrowed(condition: Condition, place: Location) -> Condition | None:
    """The condition with those of its prefixes that matter in the place; None if there is none."""
    if condition.key != _PREFIX:
        return condition
    values = tuple(value for value in condition.values if _meets(value, place.key))
    return replace(condition, values=values) if values else None


def _meets(below: str, key: str) -> bool:
    """Whether `prefix*` reaches the place, or a part of all that is below it."""
    prefix = below.removesuffix("*")
    is_subtree = not key or key.endswith("/")
    return key.startswith(prefix) or (is_subtree and prefix.startswith(key))


def tls(identity: User | Role) -> Iterator[str]:
    if identity.require_tls:
        yield "over TLS"


def via(identity: User | Role) -> str:
    if isinstance(identity, Role):
        return description(identity.trust).removeprefix(_VIA)
    keys = ", ".join(key_words(identity))
    return f"access keys {keys}" if keys else "no access key"


def key_words(user: User) -> tuple[str, ...]:
    """The labels of a user's keys; those that are off are marked."""
    return tuple(key.label if key.active else f"{key.label} (inactive)" for key in user.access_keys)
