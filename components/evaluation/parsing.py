"""Policy documents read into typed statements.

What IAM would refuse, or what this does not know, is an error: nothing is passed over in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from components.evaluation.conditions import ParsedCondition, parse_operator
from components.policy.document import VERSION, PolicyDocument

OLD_VERSION: Final = "2008-10-17"
ANYONE: Final = ("*", "*")


class PolicyError(ValueError):
    """A document that IAM would refuse, or that holds something not known here."""


class Effect(Enum):
    """What a statement does with the requests it matches."""

    ALLOW = "Allow"
    DENY = "Deny"


class PolicyKind(Enum):
    """What a policy hangs on, and so which elements its statements have."""

    IDENTITY = "identity policy"
    TRUST = "trust policy"


@dataclass(frozen=True)
class Selector:
    """``Action`` or ``NotAction``, ``Resource`` or ``NotResource``: the values, or all but them."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class ParsedStatement:
    """One statement, with where it stands.

    A trust policy's statements have principals, as (kind, value), and ``resources`` None;
    an identity policy's have resources and no principals. ``variables`` says whether
    ``${...}`` means something.
    """

    document: str
    index: int
    sid: str | None
    effect: Effect
    actions: Selector
    resources: Selector | None
    principals: frozenset[tuple[str, str]]
    conditions: tuple[ParsedCondition, ...]
    variables: bool


def parse(document: PolicyDocument, name: str, kind: PolicyKind) -> tuple[ParsedStatement, ...]:
    """Read a whole document.

    Args:
        document: The policy; its elements may be single values or lists, as in JSON.
        name: What errors and statements call it.
        kind: Identity policy or trust policy.

    Raises:
        PolicyError: An element that is missing, misspelt, malformed or not supported, with its path
            as ``deploy: Statement[0].Effect``.
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
) -> ParsedStatement:
    name, index = place
    where = f"{name}: Statement[{index}]"
    if not isinstance(statement, Mapping):
        raise PolicyError(f"{where}: {statement!r} is no statement")
    own = {"Principal"} if kind is PolicyKind.TRUST else {"Resource", "NotResource"}
    _only(statement, {"Sid", "Effect", "Action", "NotAction", "Condition"} | own, where)
    if statement.get("Effect") not in {effect.value for effect in Effect}:
        raise PolicyError(f"{where}.Effect: {statement.get('Effect')!r} is neither Allow nor Deny")
    trust = kind is PolicyKind.TRUST
    return ParsedStatement(
        document=name,
        index=index,
        sid=statement.get("Sid"),
        effect=Effect(statement["Effect"]),
        actions=_selector(statement, "Action", where),
        resources=None if trust else _selector(statement, "Resource", where),
        principals=_principals(statement.get("Principal"), where) if trust else frozenset(),
        conditions=_conditions(statement.get("Condition", {}), f"{where}.Condition"),
        variables=variables,
    )


def _selector(statement: Mapping[str, object], element: str, where: str) -> Selector:
    present = [key for key in (element, f"Not{element}") if key in statement]
    if len(present) != 1:
        raise PolicyError(f"{where}: needs either {element} or Not{element}, has {len(present)}")
    key = present[0]
    return Selector(_strings(statement[key], f"{where}.{key}"), negated=key != element)


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


def _conditions(block: object, where: str) -> tuple[ParsedCondition, ...]:
    if not isinstance(block, Mapping):
        raise PolicyError(f"{where}: {block!r} is no mapping of operators")
    conditions: list[ParsedCondition] = []
    for name, keys in block.items():
        try:
            operator = parse_operator(name)
        except ValueError as error:
            raise PolicyError(f"{where}: {error}") from None
        if not isinstance(keys, Mapping):
            raise PolicyError(f"{where}.{name}: {keys!r} is no mapping of keys to values")
        conditions.extend(
            ParsedCondition(operator, key, _strings(values, f"{where}.{name}.{key}"))
            for key, values in keys.items()
        )
    return tuple(conditions)


def _strings(value: object, where: str) -> tuple[str, ...]:
    """One value or a list of them; JSON's booleans and numbers as IAM reads them."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, int | float):
        return (str(value),)
    if isinstance(value, Sequence):
        return tuple(text for item in value for text in _strings(item, where))
    raise PolicyError(f"{where}: {value!r} is neither a text nor a list of texts")


def _only(element: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(set(element) - known)
    if unknown:
        raise PolicyError(f"{where}: {', '.join(unknown)} is not supported here")
