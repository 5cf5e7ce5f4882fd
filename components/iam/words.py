"""Conditions, actions and resources in words, for people who do not read policy JSON."""

from collections.abc import Iterable, Mapping
from typing import Final

from components.iam.conditions import NULL, Condition
from components.iam.document import Choice


def conditions_said(conditions: Iterable[Condition]) -> str:
    return " and ".join(map(condition_said, conditions))


_SAYINGS: Final[Mapping[str, str]] = {
    "StringEquals": "is",
    "StringLike": "is",
    "ArnLike": "is",
    "Bool": "is",
    "NumericEquals": "is",
    "DateEquals": "is",
    "IpAddress": "is in",
}


def condition_said(condition: Condition) -> str:
    operator, key, values = condition.operator, condition.key, condition.values
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


def selected(choice: Choice, most: int) -> str:
    """Actions or resources in words; at most ``most`` of them are listed."""
    values = [short_resource(value) for value in choice.values]
    more = [f"and {len(values) - most} more"] if len(values) > most else []
    return ("all but " if choice.negated else "") + ", ".join([*values[:most], *more])


def short_resource(value: str) -> str:
    """An S3 ARN without ``arn:aws:s3:::``; other values unchanged."""
    head, found, rest = value.partition(":s3:::")
    return rest if found and head.startswith("arn:") and head.count(":") == 1 else value
