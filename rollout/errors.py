"""The error that is shown to the user without a traceback."""

from collections.abc import Iterable

from components.settings.findings import Finding


class RolloutError(Exception):
    """A command can't start; the text is the whole message for the user.

    `findings` are the errors in a file that can't be used, if there is one.
    """

    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, file: str, findings: Iterable[Finding]) -> "RolloutError":
        """Return an error with all findings of a file, one on each line."""
        found = tuple(findings)
        error = cls("\n".join(f"{file}: {finding}" for finding in found))
        error.findings = found
        return error
