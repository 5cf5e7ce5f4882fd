"""What keeps a rollout from starting, told to the user without a traceback."""

from collections.abc import Iterable

from components.settings.findings import Finding


class RolloutError(Exception):
    """A rollout can't start; its text is complete as it stands."""

    @classmethod
    def of(cls, file: str, findings: Iterable[Finding]) -> "RolloutError":
        """All that is wrong with a file, one finding a line."""
        return cls("\n".join(f"{file}: {finding}" for finding in findings))
