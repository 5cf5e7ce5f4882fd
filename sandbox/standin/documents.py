"""Compares policy documents by what they mean, as the real provider does.

The real provider ignores differences between equivalent documents (hashicorp's
awspolicyequivalence): the order of statements and of lists, a string or a list of one, the case of
actions, an account's id or its root's ARN.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_ACCOUNT: Final = re.compile(r"^\d{12}$")
_LISTS: Final = ("Resource", "NotResource")
_ACTIONS: Final = ("Action", "NotAction")
_PRINCIPALS: Final = ("Principal", "NotPrincipal")


def is_document(text: str) -> bool:
    """Say whether a text is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def text_of(document: object) -> str:
    """Return a document as text; boto3 parses those that it reads."""
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))


def normal_text(text: str) -> str:
    """Return a document's text as the real provider keeps it: no spaces, keys in order."""
    return json.dumps(json.loads(text), separators=(",", ":"), sort_keys=True)


def same_document(one: object, other: object) -> bool:
    """Say whether two documents (text or read) mean the same."""
    try:
        return _meaning(one) == _meaning(other)
    except (ValueError, AttributeError, TypeError):
        return one == other


def _meaning(document: object) -> object:
    read: Any = json.loads(document) if isinstance(document, str) else document
    statements = read.get("Statement", [])
    if isinstance(statements, Mapping):
        statements = [statements]
    return {
        **{name: value for name, value in read.items() if name != "Statement"},
        "Statement": sorted((_statement(item) for item in statements), key=_order),
    }


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    meaning = dict(statement)
    for name in _ACTIONS:
        if name in meaning:
            meaning[name] = sorted({str(item).lower() for item in _list(meaning[name])})
    for name in _LISTS:
        if name in meaning:
            meaning[name] = sorted({str(item) for item in _list(meaning[name])})
    for name in _PRINCIPALS:
        if name in meaning:
            meaning[name] = _principal(meaning[name])
    if "Condition" in meaning:
        meaning["Condition"] = {
            operator: {key.lower(): sorted(_scalar(v) for v in _list(vs)) for key, vs in of.items()}
            for operator, of in meaning["Condition"].items()
        }
    return meaning


def _principal(principal: object) -> object:
    if not isinstance(principal, Mapping):
        return {"AWS": [principal]}
    return {kind: sorted(_root(item) for item in _list(of)) for kind, of in principal.items()}


def _root(principal: object) -> str:
    text = str(principal)
    return f"arn:aws:iam::{text}:root" if _ACCOUNT.match(text) else text


def _scalar(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _order(value: object) -> str:
    return json.dumps(value, sort_keys=True)
