"""Checks of several values at once, told together with what is wrong with each of them.

Pydantic leaves out the checks of a whole list while a member is wrong, and those
of a model while a field is. Here both are made, so that no finding hides another.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from components.settings.findings import Step

Found = tuple[tuple[Step, ...], str]
"""Where below the checked value, and what is wrong there."""

_Checked = TypeVar("_Checked")


def check_together(
    value: object,
    check_parts: Callable[[Any], _Checked],
    check_whole: Callable[[Any], Iterable[Found]],
) -> _Checked:
    """Check a value's parts, then the whole of it.

    Args:
        value: as the config holds it, of any type.
        check_parts: pydantic's own checks, which answer the checked value.
        check_whole: what else is wrong. It is given the checked value, or the one
            of the config where parts of it are wrong.

    Raises:
        ValidationError: with all that is wrong.
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
