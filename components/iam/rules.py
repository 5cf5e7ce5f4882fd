"""The access of an identity as a set of rules, independent of the documents.

A document is a list of statements with lists of actions, resources and condition values. Here all
documents of an identity are split into rules with one of each. Splitting, merging or reordering
documents does not change the set.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, product
from typing import Any

from components.iam.conditions import Condition, Operator, Quantifier
from components.iam.document import (
    ANYONE,
    Choice,
    Effect,
    PolicyDocument,
    PolicyKind,
    Statement,
    parse,
)
from components.iam.patterns import pattern


@dataclass(frozen=True)
class Rule:
    """One rule that allows or denies; all conditions must hold.

    In a trust policy the resource is the principal, as ``Federated arn:...``.
    """

    effect: Effect
    action: Choice
    resource: Choice
    conditions: frozenset[Condition] = frozenset()

    @property
    def order(self) -> tuple[object, ...]:
        """The sort key."""
        action, resource = self.action, self.resource
        return (
            self.effect.value,
            (resource.negated, resource.values),
            (action.negated, action.values),
            sorted(one.order for one in self.conditions),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "effect": self.effect.value,
            "action": self.action.to_json(),
            "resource": self.resource.to_json(),
            "conditions": [
                one.to_json() for one in sorted(self.conditions, key=lambda one: one.order)
            ],
        }


def rules(documents: Mapping[str, PolicyDocument]) -> frozenset[Rule]:
    """All rules of an identity, from its inline and managed policies by name.

    Raises:
        PolicyError: A document can't be read.
    """
    return frozenset(
        rule
        for name, document in documents.items()
        for statement in parse(document, name, PolicyKind.IDENTITY)
        for rule in _apart(statement, _choices(statement.resources, statement))
    )


def admissions(trust: PolicyDocument) -> frozenset[Rule]:
    """Who may assume a role: rules whose resource is the principal.

    Raises:
        PolicyError: A document can't be read.
    """
    return frozenset(
        rule
        for statement in parse(trust, PolicyKind.TRUST.value, PolicyKind.TRUST)
        for rule in _apart(statement, map(_principal, statement.principals))
    )


def _principal(principal: tuple[str, str]) -> Choice:
    return Choice(("*",) if principal == ANYONE else (" ".join(principal),))


def _apart(statement: Statement, resources: Iterable[Choice]) -> Iterator[Rule]:
    actions = _choices(statement.actions, statement)
    alternatives = [_alternatives(condition, statement) for condition in statement.conditions]
    combinations = [frozenset(chain(*tests)) for tests in product(*alternatives)]
    for action, resource, tests in product(actions, resources, combinations):
        yield Rule(statement.effect, action, resource, tests)


def _choices(selector: Choice, statement: Statement) -> list[Choice]:
    values = [_modern(text, statement) for text in selector.values]
    if selector.negated:
        return [Choice(tuple(sorted(set(values))), negated=True)]
    return [Choice((value,)) for value in values]


def _alternatives(condition: Condition, statement: Statement) -> list[tuple[Condition, ...]]:
    """The alternatives that a condition's list of values means, of which one must hold.

    A positive operator needs one of its values, so each value is an alternative. A negated
    operator excludes each value, so they stay together, as do the values of a quantifier.
    """
    operator = condition.operator
    values = sorted({_modern(text, statement) for text in condition.values})
    each = [_test(operator, condition.key, (value,)) for value in values]
    if not operator.negated and operator.quantifier is not Quantifier.ALL:
        return [(test,) for test in each]
    if operator.negated and operator.quantifier is not Quantifier.ANY:
        return [tuple(each)]
    return [(_test(operator, condition.key, tuple(values)),)]


def _test(operator: Operator, key: str, values: tuple[str, ...]) -> Condition:
    """The canonical form, where several operators mean the same."""
    if operator.negated or operator.quantifier:
        # IfExists has no effect on these.
        operator = replace(operator, if_exists=False)
    if operator.test == "ArnEquals":
        operator = replace(operator, test="ArnLike")
    plain = all(pattern(value) == pattern(value, wildcards=False) for value in values)
    if operator.test == "StringLike" and plain:
        operator = replace(operator, test="StringEquals")
    return Condition(operator, key, values)


def _modern(text: str, statement: Statement) -> str:
    """The text in Version 2012-10-17, with a literal ``$`` escaped."""
    return text if statement.variables else text.replace("${", "${$}{")
