"""What recorded calls need: each action, by bucket and folder, with what it was seen in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from components.aws.actions import NEEDS_OF_KEY, action
from components.aws.bucket_names import wrong_name
from components.iam.decide import Request
from components.settings.value_rules import KmsKeyArn
from sandbox.authorization.record import Call, Check

KMS: Final = "kms:"
_KEY: Final = TypeAdapter[str](KmsKeyArn)
_S3: Final = ":s3:::"
_PREFIX: Final = "s3:prefix"
EXAMPLES: Final = 3


@dataclass(frozen=True)
class Need:
    """An action that calls of one operation needed in one folder of a bucket.

    All keys of a folder are alike to a grant, whose prefixes end in `/`. A listing's folder is that
    of its `s3:prefix`; the folder of all else on a bucket is "", as that of a key without `/`.
    """

    operation: str
    action: str
    bucket: str
    folder: str
    request: Request
    """One of the requests; its ARN is in the partition `aws`."""
    count: int = 1
    examples: tuple[str, ...] = ()
    """Some of the keys or listed prefixes; of a KMS action the keys' ARNs."""
    more: bool = False
    """Whether there are more of them."""

    @property
    def kind(self) -> tuple[str, ...]:
        """What it has in common with the needs that it is counted with."""
        key = self.request.resource if self.action.startswith(KMS) else ""
        return self.operation, self.action, self.bucket, self.folder, key


def needs(
    calls: Iterable[Call], wanted: Callable[[Check], bool] = lambda _: True
) -> tuple[Need, ...]:
    """What the calls need by all their checks, or by some; in the order of the calls."""
    found: dict[tuple[str, ...], Need] = {}
    for need in (need for call in calls for need in _of_call(call, wanted)):
        known = found.get(need.kind)
        found[need.kind] = _joined(known, need) if known else need
    return tuple(found.values())


def grantable(need: Need) -> bool:
    """Whether the config has a grant for it: not for `s3:ListAllMyBuckets`."""
    if wrong_name(need.bucket) is not None:
        return False
    try:
        if need.action.startswith(KMS):
            return bool(_KEY.validate_python(need.request.resource))
        return bool(action(need.action))
    except ValueError:  # pydantic's ValidationError is one too
        return False


def folder_of(place: str) -> str:
    """The folder of a key or prefix, with its `/`; "" at the top of the bucket."""
    return place[: place.rfind("/") + 1]


def _joined(one: Need, other: Need) -> Need:
    places = tuple(dict.fromkeys((*one.examples, *other.examples)))
    more = one.more or len(places) > EXAMPLES
    return replace(one, count=one.count + other.count, examples=places[:EXAMPLES], more=more)


def _of_call(call: Call, wanted: Callable[[Check], bool]) -> Iterator[Need]:
    for index, check in enumerate(call.checks):
        if not wanted(check):
            continue
        arn, context = check.resource, check.context
        bucket, place = _place(_user_of_key(call, index) if _on_key(check) else check)
        if not _on_key(check):
            arn = f"arn:aws{_S3}{arn.partition(_S3)[2]}"
        request = Request(check.action, arn, context)
        named = (arn,) if _on_key(check) else (place,) if place or _PREFIX in context else ()
        yield Need(call.operation, check.action, bucket, folder_of(place), request, 1, named)


def _on_key(check: Check) -> bool:
    return check.action.startswith(KMS)


def _place(check: Check) -> tuple[str, str]:
    """The bucket, and the key or the listed prefix."""
    bucket, _, key = check.resource.partition(_S3)[2].partition("/")
    return bucket, key or check.context.get(_PREFIX, "")


def _user_of_key(call: Call, index: int) -> Check:
    """The check of S3 for which a KMS action is needed: a copy has two, and reads first."""
    name = call.checks[index].action
    users = [
        (place, check)
        for place, check in enumerate(call.checks)
        if name in NEEDS_OF_KEY.get(check.action, ())
    ]
    before = [check for place, check in users if place < index]
    return [*before[-1:], *(check for _, check in users), call.checks[index]][0]
