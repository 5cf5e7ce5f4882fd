"""Conditions of a policy statement, judged as IAM does.

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
    """A condition operator taken apart.

    ``test`` names the positive one: ``StringNotEquals`` is a negated ``StringEquals``.
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
    """One key of a Condition block, with the values that it is tested against.

    ``key`` is spelled as the document has it. Keys have no case, so two conditions that differ
    in the case of their keys are equal.
    """

    operator: Operator
    key: str = field(compare=False)
    values: tuple[str, ...]
    folded_key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the key without its case."""
        object.__setattr__(self, "folded_key", self.key.lower())

    @property
    def order(self) -> tuple[str, str, tuple[str, ...]]:
        """A place in a stable order."""
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
    """Take an operator's name apart: ``ForAllValues:StringNotLikeIfExists``.

    Raises:
        ValueError: Not an operator, or one that is not supported here (BinaryEquals).
    """
    prefix, colon, base = name.rpartition(":")
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    negated = base in NEGATED
    test = NEGATED.get(base, base)
    known = test == NULL or test in TESTS
    quantified = not colon or prefix in {quantifier.value for quantifier in Quantifier}
    # IAM refuses NullIfExists; a quantified Null would ask about values that are not there.
    if not known or not quantified or (test == NULL and (colon or if_exists)):
        raise ValueError(f"'{name}' is not a condition operator that is known here")
    return Operator(test, negated, if_exists, Quantifier(prefix) if colon else None)


def holds(condition: Condition, context: Context, *, variables: bool) -> bool:
    """Whether the request meets one condition.

    Args:
        condition: The condition.
        context: The request's keys.
        variables: Whether the document's Version gives ``${...}`` a meaning.

    Raises:
        ValueError: A value that the operator cannot read, as ``yes`` for a Bool.
    """
    operator, found = condition.operator, context.values(condition.key)
    if operator.test == NULL:
        missing = not found
        return any(boolean(value) is missing for value in condition.values)
    if operator.quantifier is not None:
        # An empty string is an empty set here. IfExists says nothing that they don't say already.
        met = (_met(condition, value, context, variables=variables) for value in found if value)
        return any(met) if operator.quantifier is Quantifier.ANY else all(met)
    if not found:
        return operator.negated or operator.if_exists
    # A key with several values needs a quantifier: without one IAM defines no answer.
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
