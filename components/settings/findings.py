"""Findings: errors and warnings about a config, each with a path."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Step = str | int

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN: Final = 60


@dataclass(frozen=True, order=True)
class Finding:
    """One finding: the path in the config, and a message with the value and the correction."""

    path: str
    message: str

    def __str__(self) -> str:
        """``identities.ci.grants[1].access: 'raed' is not one of list, read, …``, on one line.

        Control characters are written as escapes.
        """
        return printable(f"{self.path}: {self.message}")


class SettingsError(Exception):
    """A stack's config is wrong. The error has all findings, not only the first."""

    def __init__(self, stack: str, findings: Iterable[Finding], file: str | None = None) -> None:
        """``file`` is the name of the file with the findings; by default the stack's file."""
        self.stack = stack
        self.findings = tuple(findings)
        self.file = file or f"Pulumi.{stack}.yaml"
        super().__init__("\n".join(f"{self.file}: {finding}" for finding in self.findings))


def printable(text: str) -> str:
    """A text on one line, with escapes for characters that can't be printed."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def path_of(steps: Iterable[Step]) -> str:
    """``("identities", "ci", "grants", 1)`` as ``identities.ci.grants[1]``.

    A key with other characters than letters, digits, ``_`` and ``-`` is quoted in
    brackets, so that a path is never ambiguous.
    """
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            path += f".{step}" if path else step
        else:
            path += f"['{step}']"
    return path


def shown(value: object) -> str:
    """A value as a message quotes it: as YAML writes it, shortened if it is long."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"'{value}'"
    text = json.dumps(value, ensure_ascii=False, default=str, skipkeys=True)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
