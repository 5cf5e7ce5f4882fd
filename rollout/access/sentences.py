"""Changes of rules in words, for people who don't read policy JSON."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Final, NamedTuple

from components.iam.conditions import Condition, Operator, Quantifier
from components.iam.cover import Covering
from components.iam.difference import Difference
from components.iam.document import Choice, Effect
from components.iam.rules import Rule
from components.iam.words import conditions_said, short_resource


class Verdict(Enum):
    """What a change does, the most urgent first.

    ``BREAKS``: a job that works today may fail. ``WIDER``: somebody may do more, or that is
    unknown. ``NARROWER``: somebody may do less. ``NONE``: none of these.
    """

    BREAKS = "breaks"
    WIDER = "wider"
    NARROWER = "narrower"
    NONE = "none"


COUNTED: Final = (Verdict.BREAKS, Verdict.WIDER, Verdict.NARROWER)
"""The verdicts that reports count."""


@dataclass(frozen=True)
class Line:
    """One change in words. A report puts before the text which identities it is about.

    `count` is the number of those identities.
    """

    verdict: Verdict
    text: str
    count: int = 1

    def __str__(self) -> str:
        """The text with its verdict, as `(WIDER)`; `NONE` is left out."""
        verdict = "" if self.verdict is Verdict.NONE else f" ({self.verdict.name})"
        return f"{self.text}{verdict}"


class Verb(NamedTuple):
    """The words before a rule, the words before the part of it that stays, and the verdict."""

    says: str
    rest: str
    verdict: Verdict


Verbs = Mapping[tuple[Effect, bool], Verb]
"""By effect, and by whether the rule is gained."""

PERMISSION_VERBS: Final[Verbs] = {
    (Effect.ALLOW, True): Verb("gains", "before only", Verdict.WIDER),
    (Effect.DENY, False): Verb("is no longer denied", "now only", Verdict.WIDER),
    (Effect.ALLOW, False): Verb("loses", "keeps it", Verdict.NARROWER),
    (Effect.DENY, True): Verb("is now denied", "before only", Verdict.NARROWER),
}


@dataclass(frozen=True)
class _Row:
    """Rules in one line; in ``rest`` an empty part is the same as in the whole."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    rest: "tuple[_Row, ...]" = ()


def change_lines(
    change: Difference, verbs: Verbs = PERMISSION_VERBS, link: str = "on"
) -> list[Line]:
    """All that is gained or lost, in as few lines as possible: wider first.

    Args:
        change: The change.
        verbs: How to say each kind of change.
        link: The word between actions and resources.
    """
    lines: list[Line] = []
    for (effect, is_gain), verb in verbs.items():
        changed, inside = (
            (change.gained, change.absorbed) if is_gain else (change.lost, change.kept)
        )
        rows = _merged(_rows((one for one in changed if one.effect is effect), inside))
        for row in rows:
            rest = ", ".join(_said(part, link) for part in row.rest)
            # "keeps it" only where the actions are not repeated.
            joint = verb.rest.removesuffix(" it") if any(p.actions for p in row.rest) else verb.rest
            tail = f", {joint} {rest}" if rest else ""
            lines.append(Line(verb.verdict, f"{verb.says} {_said(row, link)}{tail}"))
    return lines


def ordered(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Conditions in a stable order; StringEquals and StringLike are equal where words are."""
    return tuple(map(_plain, sorted(conditions, key=lambda one: one.order)))


def _plain(condition: Condition) -> Condition:
    wild = any(sign in value for sign in "*?" for value in condition.values)
    if condition.operator.test != "StringEquals" or wild:
        return condition
    return replace(condition, operator=replace(condition.operator, test="StringLike"))


def _rows(changed: Iterable[Rule], inside: Iterable[Rule]) -> Iterator[_Row]:
    """Each rule, with the parts in which the rules inside it differ."""
    some = list(changed)
    covering = Covering(some)
    rests: defaultdict[Rule, list[Rule]] = defaultdict(list)
    for other in inside:
        for one in covering.of(other):
            rests[one].append(other)
    for one in some:
        whole = _row(one)
        rest = [_apart_from(whole, _row(other)) for other in rests[one]]
        yield replace(whole, rest=tuple(_merged(rest)))


def _row(rule: Rule) -> _Row:
    return _Row(
        (_choice_said(rule.action, "every action"),),
        (_choice_said(rule.resource, "everything"),),
        ordered(rule.conditions),
    )


def _apart_from(whole: _Row, inside: _Row) -> _Row:
    return _Row(
        () if inside.actions == whole.actions else inside.actions,
        () if inside.resources == whole.resources else inside.resources,
        () if inside.conditions == whole.conditions else inside.conditions,
    )


def _merged(rows: Iterable[_Row]) -> list[_Row]:
    """Rows where those that differ in one part only are joined, part by part."""
    found = list(rows)
    keys = {
        (one.operator, one.key)
        for row in found
        for one in row.conditions
        if _any_of_values(one.operator)
    }
    for key in sorted(keys, key=lambda key: (key[1], key[0].name)):
        found = _joined(found, partial(_values_of, key), partial(_with_values, key))
    found = _joined(found, lambda row: row.actions, lambda row, some: replace(row, actions=some))
    found = _joined(
        found, lambda row: row.resources, lambda row, some: replace(row, resources=some)
    )
    return sorted(found, key=repr)


_Tested = tuple[Operator, str]
"""An operator and a key."""


def _values_of(tested: _Tested, row: _Row) -> tuple[str, ...]:
    """The values of a key that has one condition; those of two conditions are not joined."""
    found = [one.values for one in row.conditions if (one.operator, one.key) == tested]
    return found[0] if len(found) == 1 else ()


def _with_values(tested: _Tested, row: _Row, values: tuple[str, ...]) -> _Row:
    if [(one.operator, one.key) for one in row.conditions].count(tested) != 1:
        return row
    changed = tuple(
        replace(one, values=values) if (one.operator, one.key) == tested else one
        for one in row.conditions
    )
    return replace(row, conditions=changed)


def _joined(
    rows: Iterable[_Row],
    part: Callable[[_Row], tuple[str, ...]],
    put: Callable[[_Row, tuple[str, ...]], _Row],
) -> list[_Row]:
    together: defaultdict[_Row, set[str]] = defaultdict(set)
    for row in rows:
        together[put(row, ())].update(part(row))
    return [put(row, tuple(sorted(values))) for row, values in together.items()]


def _any_of_values(operator: Operator) -> bool:
    return not operator.negated and operator.quantifier is not Quantifier.ALL


def _said(row: _Row, link: str) -> str:
    words = [", ".join(row.actions)] if row.actions else []
    if row.resources:
        words.append(f"{link} {', '.join(row.resources)}")
    if row.conditions:
        words.append(f"where {conditions_said(row.conditions)}")
    return " ".join(words)


def _choice_said(choice: Choice, everything: str) -> str:
    values = ", ".join(short_resource(value) for value in choice.values)
    if choice.negated:
        return f"{everything} but {values}"
    return everything if choice.values == ("*",) else values
