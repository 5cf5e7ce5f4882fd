"""What is wrong in a stack's config, each with the path to it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

Step = str | int

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to mend: where in the config, and the value with what would be right."""

    path: str
    message: str

    def __str__(self) -> str:
        """``identities.ci.grants[1].access: 'raed' is none of list, read, …``."""
        return f"{self.path}: {self.message}"


class SettingsError(Exception):
    """A stack's config can't be used. Holds every finding, not only the first."""

    def __init__(self, stack: str, findings: Iterable[Finding]) -> None:
        """Take the stack's name and what was found, in the order to be told."""
        self.stack = stack
        self.findings = tuple(findings)
        super().__init__("\n".join(f"Pulumi.{stack}.yaml: {finding}" for finding in self.findings))


def path_of(steps: Iterable[Step]) -> str:
    """``("identities", "ci", "grants", 1)`` as ``identities.ci.grants[1]``.

    A key that holds more than letters, digits, ``_`` and ``-`` is quoted in
    brackets, so that a path can always be read back.
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
