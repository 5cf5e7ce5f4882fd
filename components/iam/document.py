"""Reads policy documents into typed statements, and writes them.

Anything that IAM would refuse, or that is not supported, is an error. Nothing is ignored.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from components.iam.conditions import Condition, parse_operator

PolicyDocument = dict[str, Any]
"""A document ready for JSON: ``{"Version": …, "Statement": […]}``."""

VERSION: Final = "2012-10-17"
"""Always written: without it, IAM assumes 2008-10-17, which has no variables,
and Pulumi shows a difference at every preview (pulumi/pulumi#3810)."""

OLD_VERSION: Final = "2008-10-17"
ANYONE: Final = ("*", "*")


class PolicyError(ValueError):
    """IAM would refuse the document, or a part of it is not supported."""


class Effect(Enum):
    ALLOW = "Allow"
    DENY = "Deny"


class PolicyKind(Enum):
    """The kind of a policy, which determines the elements of its statements."""

    IDENTITY = "identity policy"
    TRUST = "trust policy"


@dataclass(frozen=True)
class Choice:
    """Actions or resources: the values or, if negated, everything except them.

    ``NotAction`` and ``NotResource`` are negated.
    """

    values: tuple[str, ...]
    negated: bool = False

    def to_json(self) -> dict[str, Any]:
        """The values, with ``allBut`` if they are negated."""
        return {"values": list(self.values), "allBut": self.negated}


NOTHING: Final = Choice(())


@dataclass(frozen=True)
class Statement:
    """One statement. Comparisons ignore its Sid, its document and its position.

    Statements of a trust policy have principals (kind, value) and no ``resources``. Those of
    an identity policy have resources and no principals. ``variables`` is true if ``${...}``
    is a variable.
    """

    actions: Choice
    resources: Choice = NOTHING
    conditions: tuple[Condition, ...] = ()
    effect: Effect = Effect.ALLOW
    principals: frozenset[tuple[str, str]] = frozenset()
    variables: bool = True
    sid: str | None = field(default=None, compare=False)
    document: str = field(default="", compare=False)
    index: int = field(default=0, compare=False)

    def render(self) -> dict[str, Any]:
        """The statement as JSON values. A single value is written without a list."""
        rendered: dict[str, Any] = {} if self.sid is None else {"Sid": self.sid}
        rendered["Effect"] = self.effect.value
        if self.principals:
            rendered["Principal"] = _render_principals(self.principals)
        rendered |= _render_choice("Action", self.actions)
        if not self.principals:
            rendered |= _render_choice("Resource", self.resources)
        for one in self.conditions:
            block = rendered.setdefault("Condition", {}).setdefault(one.operator.name, {})
            if one.key in block:
                raise PolicyError(f"{one.operator.name}: {one.key}: IAM allows a key only once")
            block[one.key] = _single_or_list(one.values)
        return rendered


def _render_choice(element: str, choice: Choice) -> dict[str, Any]:
    return {f"{'Not' * choice.negated}{element}": _single_or_list(choice.values)}


def _render_principals(principals: Iterable[tuple[str, str]]) -> str | dict[str, Any]:
    if ANYONE in principals:
        return "*"
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, value in sorted(principals):
        kinds[kind] = (*kinds.get(kind, ()), value)
    return {kind: _single_or_list(values) for kind, values in kinds.items()}


def _single_or_list(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def document(statements: Iterable[Statement]) -> PolicyDocument:
    """A document of Version 2012-10-17."""
    return {"Version": VERSION, "Statement": [one.render() for one in statements]}


def to_json(policy: PolicyDocument) -> str:
    """The document as JSON without whitespace and without escaped characters."""
    return json.dumps(policy, separators=(",", ":"), ensure_ascii=False)


def size(policy: PolicyDocument) -> int:
    """Characters as IAM counts them: without whitespace between the tokens.

    The result is never too small: spaces inside values are counted, although IAM may not
    count them, and ``&``, ``<`` and ``>`` count as six characters, since the AWS provider
    sends them escaped (Go's ``json.Marshal``). Source: AWS IAM User Guide, "IAM and AWS STS
    quotas".
    """
    text = to_json(policy)
    return len(text) + _ESCAPED * sum(text.count(sign) for sign in "&<>")


_ESCAPED: Final = len("\\u0026") - 1


def parse(document: PolicyDocument, name: str, kind: PolicyKind) -> tuple[Statement, ...]:
    """Read a whole document.

    Args:
        document: The policy. Its elements may be single values or lists.
        name: The name of the document in errors and statements.
        kind: Identity policy or trust policy.

    Raises:
        PolicyError: An element is missing, misspelled, malformed or not supported. The message has
            its path, for example ``deploy: Statement[0].Effect``.
    """
    _only(document, {"Version", "Id", "Statement"}, name)
    version = document.get("Version", OLD_VERSION)
    if version not in {VERSION, OLD_VERSION}:
        raise PolicyError(f"{name}: Version: {version!r} is neither {VERSION} nor {OLD_VERSION}")
    found = document.get("Statement")
    statements = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
    return tuple(
        _statement(statement, (name, index), kind, variables=version == VERSION)
        for index, statement in enumerate(statements)
    )


def _statement(
    statement: object, place: tuple[str, int], kind: PolicyKind, *, variables: bool
) -> Statement:
    name, index = place
    where = f"{name}: Statement[{index}]"
    if not isinstance(statement, Mapping):
        raise PolicyError(f"{where}: {statement!r} is not a statement")
    own = {"Principal"} if kind is PolicyKind.TRUST else {"Resource", "NotResource"}
    _only(statement, {"Sid", "Effect", "Action", "NotAction", "Condition"} | own, where)
    if statement.get("Effect") not in {effect.value for effect in Effect}:
        raise PolicyError(f"{where}.Effect: {statement.get('Effect')!r} is neither Allow nor Deny")
    trust = kind is PolicyKind.TRUST
    return Statement(
        document=name,
        index=index,
        sid=statement.get("Sid"),
        effect=Effect(statement["Effect"]),
        actions=_choice(statement, "Action", where),
        resources=NOTHING if trust else _choice(statement, "Resource", where),
        principals=_principals(statement.get("Principal"), where) if trust else frozenset(),
        conditions=_conditions(statement.get("Condition", {}), f"{where}.Condition"),
        variables=variables,
    )


def _choice(statement: Mapping[str, object], element: str, where: str) -> Choice:
    present = [key for key in (element, f"Not{element}") if key in statement]
    if len(present) != 1:
        raise PolicyError(f"{where}: needs either {element} or Not{element}, has {len(present)}")
    key = present[0]
    return Choice(_strings(statement[key], f"{where}.{key}"), negated=key != element)


def _principals(principal: object, where: str) -> frozenset[tuple[str, str]]:
    if principal == "*":
        return frozenset({ANYONE})
    if not isinstance(principal, Mapping) or not principal:
        raise PolicyError(f"{where}.Principal: {principal!r} is neither '*' nor kinds with values")
    return frozenset(
        ANYONE if value == "*" else (kind, value)
        for kind, values in principal.items()
        for value in _strings(values, f"{where}.Principal.{kind}")
    )


def _conditions(block: object, where: str) -> tuple[Condition, ...]:
    if not isinstance(block, Mapping):
        raise PolicyError(f"{where}: {block!r} is not a mapping of operators")
    conditions: list[Condition] = []
    for name, keys in block.items():
        try:
            operator = parse_operator(name)
        except ValueError as error:
            raise PolicyError(f"{where}: {error}") from None
        if not isinstance(keys, Mapping):
            raise PolicyError(f"{where}.{name}: {keys!r} is not a mapping of keys to values")
        conditions.extend(
            Condition(operator, key, _strings(values, f"{where}.{name}.{key}"))
            for key, values in keys.items()
        )
    return tuple(conditions)


def _strings(value: object, where: str) -> tuple[str, ...]:
    """One value or a list of values. Booleans and numbers are converted as IAM does."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, int | float):
        return (str(value),)
    if isinstance(value, Sequence):
        return tuple(text for item in value for text in _strings(item, where))
    raise PolicyError(f"{where}: {value!r} is neither a string nor a list of strings")


def _only(element: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(set(element) - known)
    if unknown:
        raise PolicyError(f"{where}: {', '.join(unknown)} is not supported here")
