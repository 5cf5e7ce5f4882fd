"""Checks of a whole value in addition to the checks of its parts.

Pydantic skips the checks of a list if an item is wrong, and those of a model if a field
is wrong. Here both run, so that no finding hides another.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from components.settings.findings import Step

Found = tuple[tuple[Step, ...], str]
"""A finding while it is validated: the steps from the checked value, and the message."""

_Checked = TypeVar("_Checked")


def check_together(
    value: object,
    check_parts: Callable[[Any], _Checked],
    check_whole: Callable[[Any], Iterable[Found]],
) -> _Checked:
    """Check a value's parts, then the whole of it.

    Args:
        value: The value in the config, of any type.
        check_parts: Pydantic's own checks, which return the checked value.
        check_whole: Returns further findings. Its argument is the checked value, or the
            value in the config if parts of it are wrong.

    Raises:
        ValidationError: With all findings.
    """
    found: list[InitErrorDetails] = []
    whole: object = value
    try:
        whole = checked = check_parts(value)
    except ValidationError as error:
        found = [
            {
                "type": one["type"],
                "loc": one["loc"],
                "input": one["input"],
                "ctx": one.get("ctx", {}),
            }
            for one in error.errors(include_url=False)
        ]
    found += [
        {"type": "value_error", "loc": where, "input": value, "ctx": {"error": ValueError(message)}}
        for where, message in check_whole(whole)
    ]
    if found:
        raise ValidationError.from_exception_data("settings", found)
    return checked
