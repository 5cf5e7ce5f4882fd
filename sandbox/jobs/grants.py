"""From needs to the least grants that give them, as the config takes them.

A word stands where the action that it is for was seen: `list` for s3:ListBucket, `read` for
s3:GetObject, `write` for s3:PutObject, `delete` for s3:DeleteObject. What a word gives besides is
harmless: the bucket's location, and the end of an upload of one's own. All else is a single action.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError

from components.aws.actions import ACCESS, NEEDS_OF_KEY, Target
from components.aws.partitions import COMMERCIAL, bucket_arn
from components.iam.decide import decide_parsed, parse_all
from components.iam.document import PolicyDocument
from components.policy.access import Restrictions, access_document
from components.policy.grants import apart, as_config, together, unit
from components.policy.permissions import permissions
from components.settings.model import Grant
from components.settings.value_rules import Prefix
from sandbox.jobs.needs import KMS, Need, folder_of, grantable

_MEANT: Final[Mapping[str, str]] = {
    "s3:ListBucket": "list",
    "s3:GetObject": "read",
    "s3:PutObject": "write",
    "s3:DeleteObject": "delete",
}
"""The action that each word is for."""
_PREFIX: Final = TypeAdapter[str](Prefix)


def grants(seen: Iterable[Need]) -> tuple[Grant, ...]:
    """The least grants that give all needs for which there are grants, in canonical order."""
    of_bucket: defaultdict[str, list[Need]] = defaultdict(list)
    for need in filter(grantable, seen):
        of_bucket[need.bucket].append(need)
    without_key = [one for name in sorted(of_bucket) for one in _of_bucket(name, of_bucket[name])]
    on_keys = [need for found in of_bucket.values() for need in found if _on_key(need)]
    return tuple(_with_keys(without_key, on_keys))


def document_of(held: Sequence[Grant]) -> PolicyDocument:
    """What the program would make of grants in the partition `aws`."""
    arns = {one.bucket: bucket_arn(COMMERCIAL, one.bucket) for one in held}
    return access_document(permissions(held), arns, Restrictions())


def giving(held: Iterable[Grant]) -> Callable[[Need], bool]:
    """Whether grants give a need, by the policy that the program would make of them."""
    some = tuple(held)
    if not some:
        return lambda _: False
    statements = parse_all({"": document_of(some)})
    return lambda need: decide_parsed(statements, need.request).allowed


def lacking(seen: Iterable[Need], gives: Callable[[Need], bool]) -> list[Need]:
    """The needs that are not given; with a KMS action also the S3 action that needs it."""
    some = list(seen)
    left = [need for need in some if not gives(need)]
    uses = {(need.bucket, need.action) for need in left}
    return left + [
        need
        for need in some
        if need not in left
        and any((need.bucket, use) in uses for use in NEEDS_OF_KEY.get(need.action, ()))
    ]


def _on_key(need: Need) -> bool:
    return need.action.startswith(KMS)


def _of_bucket(bucket: str, seen: Sequence[Need]) -> list[Grant]:
    """The grants on one bucket, without KMS keys."""
    rights = _rights(seen)
    return together(
        unit(bucket, right, prefix)
        for right, folders in rights.items()
        for prefix in _widest(map(_prefix, folders))
    )


def _rights(seen: Iterable[Need]) -> dict[str, set[str]]:
    """The words and single actions that are needed, each with its folders."""
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for need in seen:
        if not _on_key(need):
            folders[need.action].add(need.folder)
    rights = {word: folders.pop(name) for name, word in _MEANT.items() if name in folders}
    for word, held in tuple(rights.items()):
        reach = _widest(map(_prefix, held))
        for one in ACCESS[word]:
            everywhere = one.target is Target.BUCKET and not one.knows_prefix
            left = {
                folder
                for folder in folders.pop(one.name, ())
                if not everywhere and not folder.startswith(reach)
            }
            folders.update({one.name: left} if left else {})
    return rights | folders


def _prefix(folder: str) -> str:
    """The narrowest prefix that the config allows; none contains a `*`."""
    while folder:
        try:
            return _PREFIX.validate_python(folder)
        except ValidationError:
            folder = folder_of(folder[:-1])
    return ""


def _widest(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The prefixes without those below another one."""
    left: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not left or not prefix.startswith(left[-1]):
            left.append(prefix)
    return tuple(left)


def _with_keys(held: list[Grant], seen: Iterable[Need]) -> list[Grant]:
    """The grants, with each KMS key on as few of them as give all that was seen of it.

    A grant has one key. For another key of the same objects there is another grant, which may make
    a line of the first one superfluous.
    """
    of_key: defaultdict[str, list[Need]] = defaultdict(list)
    for need in seen:
        of_key[need.request.resource].append(need)
    for key, found in sorted(of_key.items()):
        left = {need.action for need in found}
        while (best := _giving_most(held, found, left)) is not None:
            place, alone = best
            left -= alone.key_needs
            kept = [held[place]] if alone.kms_key else []
            keyed = as_config(alone if kept else held[place]) | {"kmsKey": key}
            held[place : place + 1] = [*kept, Grant.model_validate(keyed)]
    return held


def _giving_most(
    held: Sequence[Grant], seen: Sequence[Need], left: set[str]
) -> tuple[int, Grant] | None:
    """Where the key gives most of what is left: the place of a grant, and a part of it."""
    parts = [
        (place, alone)
        for place, grant in enumerate(held)
        for alone in apart(grant)
        if left & alone.key_needs and any(_reaches(alone, need) for need in seen)
    ]
    return max(
        parts,
        key=lambda part: (len(left & part[1].key_needs), part[1].kms_key is None),
        default=None,
    )


def _reaches(unit: Grant, need: Need) -> bool:
    return need.bucket == unit.bucket and need.folder.startswith("".join(unit.prefixes))
