"""Conditions of a policy statement, evaluated as IAM does.

From the IAM User Guide: "Conditions with multiple context keys or values" and "Single-valued vs.
multivalued context keys".
"""

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from components.iam.operators import NEGATED, TESTS, Context, boolean

NULL: Final = "Null"


class Quantifier(Enum):
    """How an operator treats a key with several values."""

    ANY = "ForAnyValue"
    ALL = "ForAllValues"


@dataclass(frozen=True)
class Operator:
    """A parsed condition operator.

    ``test`` is the positive operator: ``StringNotEquals`` is a negated ``StringEquals``.
    """

    test: str
    negated: bool = False
    if_exists: bool = False
    quantifier: Quantifier | None = None

    @property
    def name(self) -> str:
        """The name as a policy writes it."""
        opposites = {test: name for name, test in NEGATED.items()}
        prefix = f"{self.quantifier.value}:" if self.quantifier else ""
        base = opposites[self.test] if self.negated else self.test
        return f"{prefix}{base}{'IfExists' if self.if_exists else ''}"


@dataclass(frozen=True)
class Condition:
    """One key of a Condition block, with the values to compare.

    ``key`` is spelled as in the document. Keys are not case-sensitive, so conditions whose keys
    differ only in case are equal.
    """

    operator: Operator
    key: str = field(compare=False)
    values: tuple[str, ...]
    folded_key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded_key", self.key.lower())

    @property
    def order(self) -> tuple[str, str, tuple[str, ...]]:
        """The sort key."""
        return self.folded_key, self.operator.name, self.values

    def to_json(self) -> dict[str, Any]:
        """Operator, key and values as a policy names them."""
        return {"operator": self.operator.name, "key": self.key, "values": list(self.values)}


def condition(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    """A condition from its operator's name.

    Raises:
        ValueError: The operator is not known.
    """
    return Condition(parse_operator(operator), key, values)


@lru_cache(maxsize=256)
def parse_operator(name: str) -> Operator:
    """Parse the name of an operator, for example ``ForAllValues:StringNotLikeIfExists``.

    Raises:
        ValueError: The name is not an operator, or is not supported (BinaryEquals).
    """
    prefix, colon, base = name.rpartition(":")
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    negated = base in NEGATED
    test = NEGATED.get(base, base)
    known = test == NULL or test in TESTS
    quantified = not colon or prefix in {quantifier.value for quantifier in Quantifier}
    # IAM refuses NullIfExists. A quantified Null would test values that do not exist.
    if not known or not quantified or (test == NULL and (colon or if_exists)):
        raise ValueError(f"'{name}' is not a supported condition operator")
    return Operator(test, negated, if_exists, Quantifier(prefix) if colon else None)


def holds(condition: Condition, context: Context, *, variables: bool) -> bool:
    """Whether the request meets one condition.

    Args:
        condition: The condition.
        context: The request's keys.
        variables: Whether the document's Version gives ``${...}`` a meaning.

    Raises:
        ValueError: The operator can't read a value, for example ``yes`` for a Bool.
    """
    operator, found = condition.operator, context.values(condition.key)
    if operator.test == NULL:
        missing = not found
        return any(boolean(value) is missing for value in condition.values)
    if operator.quantifier is not None:
        # An empty string counts as no value. IfExists has no effect with a quantifier.
        met = (_met(condition, value, context, variables=variables) for value in found if value)
        return any(met) if operator.quantifier is Quantifier.ANY else all(met)
    if not found:
        return operator.negated or operator.if_exists
    # A key with several values needs a quantifier; without one, IAM defines no result.
    return len(found) == 1 and _met(condition, found[0], context, variables=variables)


def _met(condition: Condition, value: str, context: Context, *, variables: bool) -> bool:
    """Whether one value of the request matches any of the policy's, or none if negated."""
    test, negated = TESTS[condition.operator.test], condition.operator.negated
    matched = False
    for text in condition.values:
        answer = test(text, value, context if variables else None)
        if answer is None and negated:
            return False
        matched = matched or bool(answer)
    return matched is not negated
