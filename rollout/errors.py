"""What keeps a rollout from starting, told to the user without a traceback."""

from collections.abc import Iterable

from components.settings.findings import Finding


class RolloutError(Exception):
    """A rollout can't start; its text is complete as it stands.

    `findings` are those of a file that can't be used.
    """

    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, file: str, findings: Iterable[Finding]) -> "RolloutError":
        """All that is wrong with a file, one finding a line."""
        found = tuple(findings)
        error = cls("\n".join(f"{file}: {finding}" for finding in found))
        error.findings = found
        return error
