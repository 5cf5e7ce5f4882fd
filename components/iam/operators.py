"""The condition operators: each compares a value of the policy with a value of the request.

From the IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from components.iam.patterns import Pattern, pattern


class Context:
    """The context keys of a request. They are not case-sensitive."""

    def __init__(self, values: Mapping[str, str | Sequence[str]]) -> None:
        """A key with a sequence of values is multivalued."""
        self._values = {
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in values.items()
        }

    def values(self, key: str) -> tuple[str, ...]:
        """All values of a key; empty if the request does not have it."""
        return self._values.get(key.lower(), ())

    def single(self, key: str) -> str | None:
        """The value of a key with exactly one value; only these can be policy variables."""
        values = self.values(key)
        return values[0] if len(values) == 1 else None


Test = Callable[[str, str, Context | None], bool | None]
"""Policy value, request value, and the context for variables (None: no variables).

The result None means a variable without a value: the statement then does not apply, negated or not
(IAM User Guide: "any attempt to match it fails and causes the statement to be invalid").
"""


def _text(*, wildcards: bool) -> Test:
    def test(text: str, value: str, context: Context | None) -> bool | None:
        wanted = _resolved(text, context, wildcards=wildcards)
        return None if wanted is None else wanted.matches(value)

    return test


def _ignoring_case(text: str, value: str, context: Context | None) -> bool | None:
    wanted = _resolved(text, context, wildcards=False)
    return None if wanted is None else wanted.head.lower() == value.lower()


def _boolean_test(text: str, value: str, context: Context | None) -> bool | None:
    wanted = _resolved(text, context, wildcards=False)
    return None if wanted is None else boolean(wanted.head) is boolean(value)


def _arn(text: str, value: str, context: Context | None) -> bool | None:
    """Compare the six parts of an ARN separately, so that ``*`` does not match a colon."""
    wanted = [_resolved(part, context, wildcards=True) for part in _ARN_COLON.split(text, 5)]
    found = value.split(":", 5)
    if None in wanted:
        return None
    return len(wanted) == len(found) == _ARN_PARTS and all(
        part is not None and part.matches(actual)
        for part, actual in zip(wanted, found, strict=True)
    )


def _ip(text: str, value: str, _context: Context | None) -> bool:
    return ip_address(value) in ip_network(text, strict=False)


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Test:
    return lambda text, value, _context: compare(read(value), read(text))


def _resolved(text: str, context: Context | None, *, wildcards: bool) -> Pattern | None:
    parsed = pattern(text, wildcards=wildcards, variables=context is not None)
    return parsed if context is None else parsed.resolve(context.single)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not a number") from None


def _moment(text: str) -> datetime:
    """ISO 8601, or seconds since 1970; UTC if there is no time zone."""
    if re.fullmatch(r"\d+", text) and len(text) > len("2026"):
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def boolean(text: str) -> bool:
    """Parse true or false; not case-sensitive."""
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"'{text}' is neither true nor false")
    return text.lower() == "true"


_ARN_PARTS: Final = 6
# Not the colon of ``${aws:PrincipalAccount}``.
_ARN_COLON: Final = re.compile(r":(?![^{}]*\})")
_COMPARISONS: Final[Mapping[str, Callable[..., bool]]] = {
    "Equals": eq,
    "LessThan": lt,
    "LessThanEquals": le,
    "GreaterThan": gt,
    "GreaterThanEquals": ge,
}
TESTS: Final[Mapping[str, Test]] = {
    "StringEquals": _text(wildcards=False),
    "StringEqualsIgnoreCase": _ignoring_case,
    "StringLike": _text(wildcards=True),
    "ArnEquals": _arn,
    "ArnLike": _arn,
    "Bool": _boolean_test,
    "IpAddress": _ip,
    **{f"Numeric{name}": _compared(_number, compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _compared(_moment, compare) for name, compare in _COMPARISONS.items()},
}
NEGATED: Final[Mapping[str, str]] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
