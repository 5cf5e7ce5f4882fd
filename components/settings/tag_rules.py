"""IAM's rules for tags (IAM User Guide, "Rules for tagging in IAM and AWS STS")."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from components.aws import limits
from components.settings.together import Found, check_together


def wrong_tags(tags: object) -> Iterator[str]:
    """Why IAM takes no such tags, as far as they are texts at all."""
    if not isinstance(tags, Mapping):
        return
    if len(tags) > limits.TAGS:
        yield f"{len(tags)} tags; IAM takes {limits.TAGS}"
    seen: dict[str, str] = {}
    for key, value in tags.items():
        if isinstance(key, str):
            yield from _wrong_key(key)
            if (other := seen.setdefault(key.lower(), key)) != key:
                yield f"'{key}' and '{other}' are one key to IAM, which ignores case"
        if isinstance(value, str):
            yield from _wrong_value(str(key), value)


def _wrong_key(key: str) -> Iterator[str]:
    if not 1 <= len(key) <= limits.TAG_KEY:
        yield f"'{key}' has {len(key)} characters; IAM takes 1 to {limits.TAG_KEY} in a key"
    yield from _wrong_text(key)


def _wrong_value(key: str, value: str) -> Iterator[str]:
    if len(value) > limits.TAG_VALUE:
        yield f"'{key}': a value of {len(value)} characters; IAM takes {limits.TAG_VALUE}"
    yield from _wrong_text(value)


def _wrong_text(text: str) -> Iterator[str]:
    if text.lower().startswith("aws:"):
        yield f"'{text}' starts with aws:, which is reserved"
    if (strange := next((char for char in text if not _is_taken(char)), None)) is not None:
        yield f"'{text}' holds {strange!a}; IAM takes letters, digits, spaces and _.:/=+-@"


def _is_taken(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN"


def _found(tags: object) -> Iterator[Found]:
    return (((), message) for message in wrong_tags(tags))


def _validate(value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 - what the handler makes of it
    return check_together(value, handler, _found)


Tags = Annotated[dict[str, str], WrapValidator(_validate)]
