"""Conditions, actions and resources in words, for people who read no policy JSON."""

from collections.abc import Iterable, Mapping
from typing import Final

from components.evaluation.conditions import NULL, Operator
from components.evaluation.parsing import Selector

TestKey = tuple[Operator, str]
"""What a condition tests, and how; the values stand beside it."""


def tests_said(tests: Iterable[tuple[TestKey, tuple[str, ...]]]) -> str:
    """Conditions in words, all of which must hold."""
    return " and ".join(said(operator, key, values) for (operator, key), values in tests)


_SAYINGS: Final[Mapping[str, str]] = {
    "StringEquals": "is",
    "StringLike": "is",
    "ArnLike": "is",
    "Bool": "is",
    "NumericEquals": "is",
    "DateEquals": "is",
    "IpAddress": "is in",
}


def said(operator: Operator, key: str, values: tuple[str, ...]) -> str:
    """One condition in words."""
    listed = " or ".join(value or '""' for value in values)
    if operator.test == NULL:
        return (
            f"{key} is {' or '.join({'true': 'missing'}.get(v.lower(), 'present') for v in values)}"
        )
    saying = _SAYINGS.get(operator.test)
    if saying is None or operator.quantifier is not None:
        return f"{key} {operator.name} {listed}"
    negation = saying.replace("is", "is not", 1) if operator.negated else saying
    return f"{key} {negation} {listed}{' if it is there' if operator.if_exists else ''}"


def selected(selector: Selector, most: int) -> str:
    """Actions or resources in words, so many of them by name."""
    values = [short_resource(value) for value in selector.values]
    more = [f"and {len(values) - most} more"] if len(values) > most else []
    return ("all but " if selector.negated else "") + ", ".join([*values[:most], *more])


def short_resource(value: str) -> str:
    """An S3 resource without the start that all share; anything else as it is."""
    head, found, rest = value.partition(":s3:::")
    return rest if found and head.startswith("arn:") and head.count(":") == 1 else value
