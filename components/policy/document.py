"""A policy document as IAM takes it, and its size as IAM counts it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

PolicyDocument = dict[str, Any]
"""A document ready for JSON: ``{"Version": …, "Statement": […]}``."""

VERSION: Final = "2012-10-17"
"""Always written out: without it IAM means 2008-10-17, which knows no variables,
and Pulumi shows a difference at every preview (pulumi/pulumi#3810)."""

Condition = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values of each test, sorted: a value that can be compared and hashed."""


@dataclass(frozen=True, order=True)
class Statement:
    """One statement: actions on resources, under a condition."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    sid: str | None = field(default=None, compare=False)

    def render(self) -> dict[str, Any]:
        """The statement as IAM takes it; a single value stands without a list."""
        rendered: dict[str, Any] = {} if self.sid is None else {"Sid": self.sid}
        rendered |= {
            "Effect": self.effect,
            "Action": single_or_list(self.actions),
            "Resource": single_or_list(self.resources),
        }
        if self.condition:
            rendered["Condition"] = render_condition(self.condition)
        return rendered


def single_or_list(values: tuple[str, ...]) -> str | list[str]:
    """IAM's way to write one value or several."""
    return values[0] if len(values) == 1 else list(values)


def render_condition(condition: Condition) -> dict[str, dict[str, Any]]:
    """A condition as IAM takes it: operator to key to values."""
    rendered: dict[str, dict[str, Any]] = {}
    for operator, key, values in condition:
        rendered.setdefault(operator, {})[key] = single_or_list(values)
    return rendered


def document(statements: Iterable[Mapping[str, Any]]) -> PolicyDocument:
    """Rendered statements as a document."""
    return {"Version": VERSION, "Statement": list(statements)}


def to_json(policy: PolicyDocument) -> str:
    """The document without whitespace; no character is written longer than IAM takes it."""
    return json.dumps(policy, separators=(",", ":"), ensure_ascii=False)


def size(policy: PolicyDocument) -> int:
    """Characters as IAM counts them: without whitespace between the tokens.

    Never too small: a space inside a value is counted, although IAM may not, and
    ``&``, ``<`` and ``>`` count as six, since the AWS provider sends them escaped
    (Go's ``json.Marshal``). Source: AWS IAM User Guide, "IAM and AWS STS quotas".
    """
    text = to_json(policy)
    return len(text) + _ESCAPED * sum(text.count(sign) for sign in "&<>")


_ESCAPED: Final = len("\\u0026") - 1
