"""Account ids taken out of all that a command says, for places that anybody can read."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any, Final, cast

from rollout.result import Report, Result

_ACCOUNT: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
_LENGTH: Final = 12


class Redactor:
    """Replaces account ids, each by a name of its own, so that accounts can be told apart."""

    def __init__(self) -> None:
        """Know no account yet."""
        self._names: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return the text with `xxxxxxxxxxx1` for the first account id, and so on."""
        return _ACCOUNT.sub(self._name, text)

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return a JSON value with all its texts redacted, also the keys of its mappings."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.value(held) for key, held in value.items()}
        return [self.value(one) for one in value] if isinstance(value, list | tuple) else value

    def report(self, report: Report) -> Report:
        """Return the report with nothing in it that names an account."""
        results = {
            self.text(stack): self._result(result) for stack, result in report.results.items()
        }
        accounts = {self.text(stack): self.text(one) for stack, one in report.accounts.items()}
        removed = tuple(map(self.text, report.removed_files))
        return replace(report, results=results, accounts=accounts, removed_files=removed)

    def stream(self, stream: IO[str]) -> IO[str]:
        """Return a stream that redacts what is written to it."""
        return cast("IO[str]", _Redacting(stream, self))

    def _result(self, result: Result) -> Result:
        return replace(
            result,
            error=self.value(result.error),
            steps=tuple(replace(step, name=self.text(step.name)) for step in result.steps),
            access=self.value(result.access),
            warnings=tuple(map(self.text, result.warnings)),
        )

    def _name(self, found: re.Match[str]) -> str:
        return self._names.setdefault(found[0], f"{len(self._names) + 1:x>{_LENGTH}}")


class _Redacting:
    """A stream whose text goes through a redactor, as much as is written at once."""

    def __init__(self, stream: IO[str], redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor

    def write(self, text: str) -> int:
        self._stream.write(self._redactor.text(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)
