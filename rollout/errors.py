"""The errors that are shown to the user without a traceback."""

from collections.abc import Iterable

from components.settings.findings import Finding, printable


class RolloutError(Exception):
    """A command can't start; the text is the whole message for the user.

    Each argument is a line of it. Text that a line quotes, from a file or the command line, can't
    end the line: a CI system may read the start of a line as a command. `findings` are the errors
    in a file that can't be used, if there is one.
    """

    findings: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        """The lines, with escapes for what a terminal would obey and not show."""
        return "\n".join(map(printable, self.args))

    @classmethod
    def of(cls, file: str, findings: Iterable[Finding]) -> "RolloutError":
        """Return an error with all findings of a file, one on each line."""
        found = tuple(findings)
        error = cls(*(f"{file}: {finding}" for finding in found))
        error.findings = found
        return error


class AccountError(Exception):
    """An account can't be reached or read; the text says why."""
