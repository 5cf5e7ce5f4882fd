"""Where and how results are shown: as JSON, in a comment, with or without account ids."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

from rich.console import Console

from rollout.errors import RolloutError

Shown = TypeVar("Shown")
"""What a command shows: a report, or a tuple of them."""

_ACCOUNT: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
_LENGTH: Final = 12


class Redactor:
    """Replaces each account id by another name, so that accounts stay distinguishable."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return the text with `xxxxxxxxxxx1` for the first account id, and so on."""
        return _ACCOUNT.sub(self._name, text)

    def report(self, report: Shown) -> Shown:
        """Return the report with every text in it redacted, whatever holds the text."""
        redacted: Shown = self._value(report)
        return redacted

    def stream(self, stream: IO[str]) -> IO[str]:
        return cast("IO[str]", _Redacting(stream, self))

    def _value(self, value: Any) -> Any:  # noqa: ANN401 - whatever a report is made of
        """Return a value of the same type with all its texts redacted, keys of mappings too."""
        if isinstance(value, Enum):  # also where it is a text
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._value(key): self._value(held) for key, held in value.items()}
        if isinstance(value, frozenset):  # in a stable order: accounts are numbered as they come
            ordered = sorted(value, key=lambda one: getattr(one, "order", one))
            return frozenset(map(self._value, ordered))
        if isinstance(value, list | tuple):
            return tuple(map(self._value, value))
        if is_dataclass(value) and not isinstance(value, type):
            held = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
            return replace(value, **{name: self._value(one) for name, one in held.items()})
        return value

    def _name(self, found: re.Match[str]) -> str:
        return self._names.setdefault(found[0], f"{len(self._names) + 1:x>{_LENGTH}}")


class _Redacting:
    def __init__(self, stream: IO[str], redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def write(self, text: str) -> int:
        self._stream.write(self._redactor.text(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


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

    def of(self, report: Shown) -> Shown:
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
