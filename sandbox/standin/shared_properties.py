"""Properties that several types have, and their checks."""

import re
from typing import Final

from components.aws.limits import PATH
from sandbox.standin.documents import is_document
from sandbox.standin.resource_type import Property

POLICY_NAME: Final = 128


def name(aws: str, longest: int, *, replaces: bool = True) -> Property:
    """The name of an identity or a policy."""

    def fault(name: str) -> str | None:
        if re.fullmatch(rf"[0-9A-Za-z+=,.@_-]{{1,{longest}}}", name):
            return None
        return f"invalid value for name ({name}): 1 to {longest} letters, digits and any of +=,.@_-"

    return Property(aws, required=True, replaces=replaces, fault=fault)


def _path_fault(path: str) -> str | None:
    if path.startswith("/") and path.endswith("/") and len(path) <= PATH:
        return None
    return f"invalid value for path ({path}): it begins and ends with /, in {PATH} characters"


def path(*, replaces: bool = True) -> Property:
    """The path in IAM."""
    return Property("Path", default="/", replaces=replaces, fault=_path_fault)


def _document_fault(text: str) -> str | None:
    return None if is_document(text) else f"contains an invalid JSON policy: {text[:60]!r}"


def document(aws: str) -> Property:
    """A policy document."""
    return Property(aws, required=True, document=True, fault=_document_fault)


def arn_fault(text: str) -> str | None:
    """What is wrong with an ARN."""
    is_arn = re.fullmatch(r"arn:[\w-]+:[\w-]+:[\w-]*:\w*:.+", text)
    return None if is_arn else f"({text}) is an invalid ARN"


TAGS: Final = Property("Tags", kind=dict)
ARN: Final = Property("Arn", output=True)
