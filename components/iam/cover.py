"""Which rules lie inside others.

The answer "inside" is always right, for any request. The answer "not inside" may be wrong in rare
cases, such as wildcards against each other or different operators on one key. A change is then
reported as a gain and a loss; it is never hidden.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Final

from components.iam.conditions import Condition
from components.iam.document import Choice, Effect
from components.iam.patterns import Pattern, Wild, pattern
from components.iam.rules import Rule

_STRINGS: Final = frozenset({"StringEquals", "StringLike"})


def covers(wide: Rule, narrow: Rule) -> bool:
    """Whether each request that matches ``narrow`` also matches ``wide``."""
    return (
        wide.effect is narrow.effect
        and _action_covers(wide.action, narrow.action)
        and _choice_covers(wide.resource, narrow.resource, variables=True)
        and _conditions_cover(wide.conditions, narrow.conditions)
    )


def may_meet(one: Rule, other: Rule) -> bool:
    """Whether a request may match both. False is always right."""
    return (
        one.effect is other.effect
        and _choices_may_meet(_lower(one.action), _lower(other.action), variables=False)
        and _choices_may_meet(one.resource, other.resource, variables=True)
        and not any(
            _exclude(test, against) for test in one.conditions for against in other.conditions
        )
    )


class Covering:
    """A set of rules that finds those that cover a given rule, without comparing all of them.

    There are few different actions and conditions, so each pair is compared only once. There are
    many resources, and only those can cover one whose literal start is a start of its own.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Index the rules by effect, action, conditions and literal start of the resource."""
        self._by_head: _ByHead = defaultdict(lambda: defaultdict(list))
        for one in rules:
            self._by_head[one.effect, one.action, one.conditions][_head(one.resource)].append(one)
        self._wider: dict[_Kind, list[Mapping[str, list[Rule]]]] = {}

    def of(self, narrow: Rule) -> Iterator[Rule]:
        """The rules that cover ``narrow``, including itself if it is one of them."""
        head = _head(narrow.resource)
        for by_head in self._covering_kinds((narrow.effect, narrow.action, narrow.conditions)):
            for end in range(len(head) + 1):
                for wide in by_head.get(head[:end], ()):
                    if _choice_covers(wide.resource, narrow.resource, variables=True):
                        yield wide

    def _covering_kinds(self, narrow: "_Kind") -> list[Mapping[str, list[Rule]]]:
        if narrow not in self._wider:
            effect, action, tests = narrow
            self._wider[narrow] = [
                by_head
                for wide, by_head in self._by_head.items()
                if wide[0] is effect
                and _action_covers(wide[1], action)
                and _conditions_cover(wide[2], tests)
            ]
        return self._wider[narrow]


_Kind = tuple[Effect, Choice, frozenset[Condition]]
_ByHead = defaultdict[_Kind, defaultdict[str, list[Rule]]]


def reduced(rules: Iterable[Rule]) -> frozenset[Rule]:
    """The rules without those that other rules cover."""
    everything = frozenset(rules)
    covering = Covering(everything)
    return frozenset(
        rule
        for rule in everything
        if not any(_displaces(other, rule) for other in covering.of(rule))
    )


def _displaces(wide: Rule, narrow: Rule) -> bool:
    """Whether ``wide`` makes ``narrow`` redundant; of two equal rules, the first one stays."""
    return wide != narrow and (not covers(narrow, wide) or wide.order < narrow.order)


def _head(resource: Choice) -> str:
    return "" if resource.negated else pattern(resource.values[0]).head


def _action_covers(wide: Choice, narrow: Choice) -> bool:
    return _choice_covers(_lower(wide), _lower(narrow), variables=False)


def _lower(action: Choice) -> Choice:
    return Choice(tuple(value.lower() for value in action.values), action.negated)


def _conditions_cover(wide: frozenset[Condition], narrow: frozenset[Condition]) -> bool:
    return all(any(_implies(given, asked) for given in narrow) for asked in wide)


def _choice_covers(wide: Choice, narrow: Choice, *, variables: bool) -> bool:
    if wide == narrow:
        return True
    ours = [pattern(value, variables=variables) for value in wide.values]
    theirs = [pattern(value, variables=variables) for value in narrow.values]
    if not wide.negated and not narrow.negated:
        return ours[0].covers(theirs[0])
    if not wide.negated:
        return ours[0].tokens == (Wild.ANY,)
    if any(one.has_variables for one in ours):
        # Without a value for the variable, the statement does not apply.
        return False
    if narrow.negated:
        return all(any(other.covers(one) for other in theirs) for one in ours)
    return not any(one.may_meet(theirs[0]) for one in ours)


def _choices_may_meet(one: Choice, other: Choice, *, variables: bool) -> bool:
    if one.negated or other.negated:
        return True
    return pattern(one.values[0], variables=variables).may_meet(
        pattern(other.values[0], variables=variables)
    )


def _exclude(one: Condition, other: Condition) -> bool:
    """Whether no value of the key can meet both conditions. False may be wrong."""
    ours, theirs = one.operator, other.operator
    if (
        one.folded_key != other.folded_key
        or ours.negated
        or theirs.negated
        or ours.quantifier
        or theirs.quantifier
        or (ours.if_exists and theirs.if_exists)
    ):
        return False
    if {ours.test, theirs.test} <= _STRINGS:
        mine, other_ = (_string((test.operator.test, test.values[0])) for test in (one, other))
        return not mine.may_meet(other_)
    if ours.test == theirs.test == "IpAddress":
        mine_net, other_net = (ip_network(test.values[0], strict=False) for test in (one, other))
        return not mine_net.overlaps(other_net)
    return False


def _implies(given: Condition, asked: Condition) -> bool:
    """Whether ``asked`` holds wherever ``given`` does."""
    ours, theirs = asked.operator, given.operator
    comparable = (
        asked.folded_key == given.folded_key
        and ours.quantifier is theirs.quantifier
        and ours.negated is theirs.negated
        and (ours.if_exists or not theirs.if_exists)
        and (ours.test == theirs.test or {ours.test, theirs.test} <= _STRINGS)
    )
    if not comparable:
        return False
    wanted = [(ours.test, value) for value in asked.values]
    known = [(theirs.test, value) for value in given.values]
    if ours.negated:
        # Each value that must not match must already be excluded.
        return all(any(_inside(one, other, sure=True) for other in known) for one in wanted)
    return all(any(_inside(one, other) for other in wanted) for one in known)


def _inside(narrow: tuple[str, str], wide: tuple[str, str], *, sure: bool = False) -> bool:
    """Whether each value that meets ``narrow`` also meets ``wide``.

    ``sure`` excludes variables: without a value for a variable, a negated test is never met.
    """
    if narrow == wide:
        return True
    (operator, text), (_, outer) = narrow, wide
    if operator == "IpAddress":
        inner_net, outer_net = ip_network(text, strict=False), ip_network(outer, strict=False)
        return inner_net.version == outer_net.version and inner_net.subnet_of(outer_net)  # type: ignore[arg-type] # the versions are equal
    if operator not in _STRINGS:
        return False
    inner_pattern, outer_pattern = _string(narrow), _string(wide)
    return outer_pattern.covers(inner_pattern) and not (sure and inner_pattern.has_variables)


def _string(tested: tuple[str, str]) -> Pattern:
    operator, text = tested
    return pattern(text, wildcards=operator == "StringLike")
