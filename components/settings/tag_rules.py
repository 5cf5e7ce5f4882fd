"""IAM's rules for tags (IAM User Guide, "Rules for tagging in IAM and AWS STS")."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from components.aws import limits
from components.settings.together import Found, check_together


def wrong_tags(tags: object) -> Iterator[str]:
    """Why IAM does not allow these tags. Keys and values that are not text are ignored."""
    if not isinstance(tags, Mapping):
        return
    if len(tags) > limits.TAGS:
        yield f"{len(tags)} tags; IAM allows {limits.TAGS}"
    seen: dict[str, str] = {}
    for key, value in tags.items():
        if isinstance(key, str):
            yield from _wrong_key(key)
            if (other := seen.setdefault(key.lower(), key)) != key:
                yield f"'{key}' and '{other}' are the same key to IAM, which ignores case"
        if isinstance(value, str):
            yield from _wrong_value(str(key), value)


def _wrong_key(key: str) -> Iterator[str]:
    if not 1 <= len(key) <= limits.TAG_KEY:
        yield f"'{key}' has {len(key)} characters; IAM allows 1 to {limits.TAG_KEY} in a tag key"
    yield from _wrong_text(key)


def _wrong_value(key: str, value: str) -> Iterator[str]:
    if len(value) > limits.TAG_VALUE:
        yield f"'{key}': the value has {len(value)} characters; IAM allows {limits.TAG_VALUE}"
    yield from _wrong_text(value)


def _wrong_text(text: str) -> Iterator[str]:
    if text.lower().startswith("aws:"):
        yield f"'{text}' starts with aws:, which is reserved"
    if (strange := next((char for char in text if not _is_taken(char)), None)) is not None:
        yield f"'{text}' contains {strange!a}; IAM allows letters, digits, spaces and _.:/=+-@"


def _is_taken(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN"


def _found(tags: object) -> Iterator[Found]:
    return (((), message) for message in wrong_tags(tags))


def _validate(value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 - the result of the handler
    return check_together(value, handler, _found)


Tags = Annotated[dict[str, str], WrapValidator(_validate)]
