"""Where and how results are shown: as JSON, in a comment, with or without account ids."""

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
    as_json: bool = False
    markdown: Path | None = None
    redactor: Redactor | None = None

    def check(self) -> None:
        """Empty the file for Markdown: a bad path fails early, and no older comment is left.

        Raises:
            RolloutError: the file can't be written.
        """
        if self.markdown is None:
            return
        try:
            self.markdown.write_bytes(b"")
        except OSError as error:
            raise RolloutError(f"--markdown {self.markdown}: {error.strerror}") from None

    def text(self, text: str) -> str:
        return text if self.redactor is None else self.redactor.text(text)

    def of(self, report: Report) -> Report:
        return report if self.redactor is None else self.redactor.report(report)

    @contextmanager
    def redacted(self, console: Console) -> Iterator[Console]:
        """Lend a console that redacts; errors that are raised meanwhile are redacted too."""
        redactor = self.redactor
        if redactor is None:
            yield console
            return
        stream = redactor.stream(console.file)
        shown = Console(file=stream, stderr=True, highlight=False, markup=False)
        shown.is_interactive = False  # a cut or wrapped line could show a part of an id
        try:
            yield shown
        except RolloutError as error:
            raise RolloutError(*map(redactor.text, error.args)) from None
