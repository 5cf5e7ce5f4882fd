"""What several entries of the table share: names, documents, tags."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mypy_boto3_iam.type_defs import TagTypeDef

from sandbox.standin.documents import is_document, same_document
from sandbox.standin.resource_type import Input
from sandbox.standin.values import UNKNOWN, Values

_USER_NAME: Final = re.compile(r"[0-9A-Za-z=,.@\-_+]+")
_RESOURCE_NAME: Final = re.compile(r"[\w+=,.@-]*")


def user_name_fault(name: str) -> str | None:
    """Check a user's name as the real provider does."""
    if _USER_NAME.fullmatch(name):
        return None
    return (
        f"invalid value for name ({name}): must only contain alphanumeric characters, hyphens, "
        "underscores, commas, periods, @ symbols, plus and equals signs"
    )


def name_fault(name: str) -> str | None:
    """Check a role's or policy's name as the real provider does."""
    if _RESOURCE_NAME.fullmatch(name):
        return None
    return f"invalid value for name ({name}): must match [\\w+=,.@-]"


def document_fault(text: str) -> str | None:
    """Check that a policy is JSON."""
    return None if is_document(text) else f"contains an invalid JSON policy: {text[:60]!r}"


def arn_fault(text: str) -> str | None:
    """Check that a text is an ARN."""
    is_arn = re.fullmatch(r"arn:[\w-]+:[\w-]+:[\w-]*:\w*:.+", text)
    return None if is_arn else f"({text}) is an invalid ARN"


TAGS: Final = Input(kind=dict)
POLICY: Final = Input(required=True, document=True, fault=document_fault)


def text_of(document: object) -> str:
    """Return a document that boto3 has parsed as text."""
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))


def kept_text(old: Values, name: str, document: object) -> str:
    """Return the old text of a document that still means the same, else the new one."""
    old_text = old.get(name)
    if isinstance(old_text, str) and same_document(old_text, document):
        return old_text
    return text_of(document)


def aws_tags(values: Values) -> list[TagTypeDef]:
    """Return the tags to set, in AWS's form."""
    tags: Mapping[str, str] = values.get("tagsAll") or {}
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def read_tags(tags: Iterable[TagTypeDef]) -> dict[str, str]:
    """Return tags in AWS's form as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def changed_tags(old: Values, new: Values) -> tuple[list[str], list[TagTypeDef]]:
    """Return the keys to take away and the tags to set."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    gone = sorted(before.keys() - after.keys())
    return gone, [tag for tag in aws_tags(new) if before.get(tag["Key"]) != tag["Value"]]


def differs(name: str, old: Values, new: Values) -> bool:
    """Say whether a property changes."""
    return bool(old.get(name) != new.get(name))


def given(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - arguments of boto3
    """Return the arguments that have a value; boto3 takes no None."""
    return {n: value for n, value in arguments.items() if value not in (None, "", UNKNOWN)}
