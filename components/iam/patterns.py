"""The patterns of policy elements: ``*``, ``?`` and ``${...}``.

``*`` matches any characters, including ``/`` and ``:``; ``?`` matches exactly one (IAM
User Guide, "IAM JSON policy elements: Resource"). ``${key}`` and ``${key, 'default'}``
stand for a value of the request; ``${*}``, ``${?}`` and ``${$}`` for the character
itself ("IAM policy elements: Variables and tags").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from itertools import groupby


class Wild(Enum):
    ANY = "*"
    ONE = "?"


@dataclass(frozen=True)
class Variable:
    """``${key}`` or ``${key, 'default'}``; the key is in lower case."""

    key: str
    default: str | None = None


Token = str | Wild | Variable

_WILDCARD = re.compile(r"[*?]")
_VARIABLE = re.compile(r"\$\{(?P<inside>[^}]*)\}")
_BOTH = re.compile(rf"{_VARIABLE.pattern}|{_WILDCARD.pattern}")
_NOTHING = re.compile(r"(?!)")
_UNRESOLVED = "a pattern with variables matches nothing until they are resolved"
_INSIDE = re.compile(r"(?P<key>[^,']+?)(?:,\s*'(?P<default>[^']*)')?")


@dataclass(frozen=True)
class Pattern:
    """A parsed value of a policy. Create it with ``pattern``."""

    tokens: tuple[Token, ...]

    def resolve(self, lookup: Callable[[str], str | None]) -> Pattern | None:
        """The pattern with its variables replaced; None if one has neither a value nor a default.

        A value from the request is literal: a ``*`` in it is not a wildcard.
        """
        if not self.has_variables:
            return self
        tokens: list[Token] = []
        for token in self.tokens:
            if isinstance(token, Variable):
                value = lookup(token.key)
                value = token.default if value is None else value
                if value is None:
                    return None
                tokens.append(value)
            else:
                tokens.append(token)
        return Pattern(_canonical(tokens))

    @cached_property
    def has_variables(self) -> bool:
        return any(isinstance(token, Variable) for token in self.tokens)

    @cached_property
    def head(self) -> str:
        """The characters before the first wildcard or variable; each match starts with them."""
        return self.tokens[0] if self.tokens and isinstance(self.tokens[0], str) else ""

    def matches(self, value: str) -> bool:
        """Whether the whole value matches, in time of at most pattern length times value length.

        Raises:
            ValueError: The pattern has variables.
        """
        return self._regex.fullmatch(value) is not None

    def covers(self, other: Pattern) -> bool:
        """Whether this pattern matches everything that ``other`` matches, for any request.

        True is always right. False may be wrong if a wildcard of ``other`` meets a ``?``:
        ``?*`` covers ``*a``, but the answer is False.
        """
        mine, theirs = self._symbols, other._symbols
        here = there = resume_there = 0
        star: int | None = None
        while there < len(theirs):
            if here < len(mine) and mine[here] is Wild.ANY:
                star, resume_there = here, there
                here += 1
            elif here < len(mine) and _accepts(mine[here], theirs[there]):
                here, there = here + 1, there + 1
            elif star is not None:
                # Let the last star match one symbol more; earlier ones need not grow again.
                resume_there += 1
                here, there = star + 1, resume_there
            else:
                return False
        return all(symbol is Wild.ANY for symbol in mine[here:])

    def may_meet(self, other: Pattern) -> bool:
        """Whether a text may match both. False is always right, for any request.

        Dynamic programming: each row tells whether prefixes of both patterns match one text.
        """
        mine, theirs = self._symbols, other._symbols
        if not (self.head.startswith(other.head) or other.head.startswith(self.head)):
            return False
        row = [True]
        for symbol in theirs:
            row.append(row[-1] and _is_open(symbol))
        for symbol in mine:
            above, row = row, [row[0] and _is_open(symbol)]
            for place, opposite in enumerate(theirs):
                if _is_open(symbol) or _is_open(opposite):
                    row.append(above[place + 1] or row[place])
                else:
                    both = _accepts(symbol, opposite) or _accepts(opposite, symbol)
                    row.append(above[place] and both)
        return row[-1]

    def after(self, start: str) -> list[Pattern]:
        """What may follow ``start`` in a text that matches: a pattern for each way to match it.

        Raises:
            ValueError: The pattern has variables.
        """
        if self.has_variables:
            raise ValueError(_UNRESOLVED)
        symbols = self._symbols
        places = {0}
        for character in start:
            reached = set[int]()
            for place in places:
                # A star may also match nothing.
                while place < len(symbols) and symbols[place] is Wild.ANY:
                    reached.add(place)
                    place += 1  # noqa: PLW2901 - the next symbol
                if place < len(symbols) and symbols[place] in {Wild.ONE, character}:
                    reached.add(place + 1)
            places = reached
        return [Pattern(_canonical(list(symbols[place:]))) for place in sorted(places)]

    def example(self, filler: str) -> str:
        """A text that matches: the filler for each ``*``, its first character for each ``?``."""
        fillers = {Wild.ANY: filler, Wild.ONE: filler[:1]}
        return "".join(fillers[one] if isinstance(one, Wild) else str(one) for one in self.tokens)

    @cached_property
    def _symbols(self) -> tuple[Token, ...]:
        symbols: list[Token] = []
        for token in self.tokens:
            symbols.extend(token if isinstance(token, str) else (token,))
        return tuple(symbols)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        if self.has_variables:
            raise ValueError(_UNRESOLVED)
        between = [""]
        for token in self.tokens:
            if token is Wild.ANY:
                between.append("")
            else:
                between[-1] += re.escape(token) if isinstance(token, str) else "."
        first, *rest = between
        if not rest:
            return re.compile(first, re.DOTALL)
        # Atomic groups: for each part between two stars, the leftmost match is enough. Without
        # backtracking there is no exponential time.
        middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
        return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL)


@lru_cache(maxsize=8192)
def pattern(text: str, *, wildcards: bool = True, variables: bool = True) -> Pattern:
    """Parse a value of a policy.

    Args:
        text: The value in the policy.
        wildcards: Whether ``*`` and ``?`` are wildcards or plain characters.
        variables: Whether ``${...}`` is a variable, as in documents of Version 2012-10-17.
    """
    return Pattern(_canonical(_tokens(text, wildcards=wildcards, variables=variables)))


def _tokens(text: str, *, wildcards: bool, variables: bool) -> Iterator[Token]:
    special = {
        (True, True): _BOTH,
        (True, False): _WILDCARD,
        (False, True): _VARIABLE,
        (False, False): _NOTHING,
    }[wildcards, variables]
    end = 0
    for found in special.finditer(text):
        yield text[end : found.start()]
        inside = found.groupdict().get("inside")
        yield Wild(found.group()) if inside is None else _variable(inside)
        end = found.end()
    yield text[end:]


def _variable(inside: str) -> Token:
    if inside in {"*", "?", "$"}:
        return inside
    found = _INSIDE.fullmatch(inside.strip())
    # An unreadable variable gets the empty key, which no request has, so it never matches.
    return Variable(found["key"].lower(), found["default"]) if found else Variable("")


def _canonical(tokens: Iterator[Token] | list[Token]) -> tuple[Token, ...]:
    """One form for equal patterns: literals joined, ``*?*`` written as ``?*``."""
    result: list[Token] = []
    for kind, run in groupby((token for token in tokens if token != ""), key=type):
        if kind is str:
            result.append("".join(str(token) for token in run))
        elif kind is Wild:
            wilds = list(run)
            result.extend([Wild.ONE] * wilds.count(Wild.ONE))
            result.extend([Wild.ANY] * (Wild.ANY in wilds))
        else:
            result.extend(run)
    return tuple(result)


def _accepts(mine: Token, theirs: Token) -> bool:
    if mine is Wild.ONE:
        return theirs is Wild.ONE or isinstance(theirs, str)
    return mine == theirs


def _is_open(symbol: Token) -> bool:
    """Whether it may match any text, including the empty text."""
    return symbol is Wild.ANY or isinstance(symbol, Variable)
