"""Where and how a preview is told: JSON, a comment, with or without account ids."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from rollout.errors import RolloutError
from rollout.reporting.redact import Redactor
from rollout.result import Report


@dataclass(frozen=True)
class Output:
    """What the user asked for."""

    as_json: bool = False
    markdown: Path | None = None
    redactor: Redactor | None = None

    def check(self) -> None:
        """Empty the file: an older one is not taken for this run's, and a bad path is told early.

        Raises:
            RolloutError: the file can't be made.
        """
        if self.markdown is None:
            return
        try:
            self.markdown.write_bytes(b"")
        except OSError as error:
            raise RolloutError(f"--markdown {self.markdown}: {error.strerror}") from None

    def of(self, report: Report) -> Report:
        """Return the report as it may be shown."""
        return report if self.redactor is None else self.redactor.report(report)

    @contextmanager
    def redacted(self, console: Console) -> Iterator[Console]:
        """Lend a console that shows what may be shown, and let no other words out by an error."""
        redactor = self.redactor
        if redactor is None:
            yield console
            return
        stream = redactor.stream(console.file)
        shown = Console(file=stream, stderr=True, highlight=False, markup=False)
        shown.is_interactive = False  # lines that are cut or wrapped could show a part of an id
        try:
            yield shown
        except RolloutError as error:
            raise RolloutError(redactor.text(str(error))) from None
