"""docs/access.md: its stack, the change of it, and its commands with what they print."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "access.md"
_FILE: Final = re.compile(
    r"<!-- fixture: (?P<name>\S+) -->\n```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_DIFF: Final = re.compile(r"^```diff\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_JSON: Final = re.compile(r"^```json\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE: Final = re.compile(
    r"^```console\n\$ (?P<command>.*?)\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL
)
_PROGRAM: Final = "python -m rollout "
_ECHO: Final = "; echo $?"


@dataclass(frozen=True)
class Example:
    """A command as the page has it, and what the page says that it prints."""

    command: str
    output: str

    @property
    def arguments(self) -> list[str]:
        """What follows the program's name."""
        return shlex.split(self.command.removeprefix(_PROGRAM).removesuffix(_ECHO))

    def shown(self, output: str, code: int) -> str:
        """Return what the page would show of an output, without space at the ends of lines."""
        lines = [line.rstrip() for line in output.splitlines()]
        return "\n".join([*lines, *([str(code)] if self.command.endswith(_ECHO) else []), ""])


def stack_file() -> tuple[str, str]:
    """Return the name and the text of the page's stack."""
    (found,) = _FILE.finditer(PAGE.read_text(encoding="utf-8"))
    return found["name"], found["text"]


def before(text: str) -> str:
    """Return the stack's file as it was before the page's diff, whose lines are in its order."""
    (found,) = _DIFF.finditer(PAGE.read_text(encoding="utf-8"))
    lines = found["text"].splitlines()
    place = 0
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        place = text.index(f"{new[1:]}\n", place)
        text = f"{text[:place]}{old[1:]}{text[place + len(new) - 1 :]}"
    return text


def json_example() -> Any:
    """Return the JSON that the page shows."""
    (found,) = _JSON.finditer(PAGE.read_text(encoding="utf-8"))
    return json.loads(found["text"])


def examples(text: str = "") -> list[Example]:
    """Return the commands of a page's text, or of docs/access.md."""
    found = _CONSOLE.finditer(text or PAGE.read_text(encoding="utf-8"))
    return [Example(one["command"], one["output"]) for one in found]
