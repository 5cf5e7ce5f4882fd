"""The engine's error messages, reduced to what helps the reader."""

import re
from collections.abc import Iterable
from typing import Final

UNSAID: Final = "the engine failed and does not say why"
LONGEST: Final = 2000
"""The most characters of an error text; a longer one is cut, and its length is added."""

_COLOR: Final = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_URN: Final = re.compile(r"(?<!unprotect ')urn:pulumi:\S+?::\S+?::\S+::([^\s:,']+)")
"""Not in a command to type, `pulumi state unprotect 'urn:…'`, which needs the whole URN."""
_FRAME: Final = re.compile(
    r"^(?:error: |an unhandled error occurred: |Exception calling application: "
    r"|python inline source runtime error: |update failed$|preview failed$)+",
)
_LIST: Final = re.compile(r"^\d+ errors? occurred:\s*\* ")
_PLACE: Final = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_VIOLATION: Final = re.compile(r"(violates plan: properties changed:)(.*)", re.DOTALL)
_PROPERTY: Final = re.compile(r"(?:^ |, )[-+~=]{2}(\w+)")
"""As written by `MakeError` in the engine's pkg/resource/deploy/plan.go."""
_NO_LOGIN: Final = "PULUMI_ACCESS_TOKEN must be set"
_LOG_IN: Final = (
    "No backend is chosen: run `pulumi login`, or set PULUMI_BACKEND_URL; to try it in the "
    'sandbox, eval "$(.venv/bin/python -m sandbox env)"'
)
_STDERR: Final = re.compile(r"^ stderr: (.*)\Z", re.DOTALL | re.MULTILINE)
"""The last part of the report of `CommandResult` in the SDK's pulumi/automation/_cmd.py."""


def plain(text: str) -> str:
    """Return a message without colors, prefixes and full URNs."""
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in _COLOR.sub("", text)).strip()
    text, traceback, frames = text.partition("Traceback (most recent call last):")
    text = _URN.sub(r"\1", _FRAME.sub("", text.strip()))
    text = _VIOLATION.sub(_properties, _LIST.sub("", text))
    return _raised(frames) if traceback else text.strip()


def _properties(found: re.Match[str]) -> str:
    """Name the properties only, as values may be secret."""
    return f"{found[1]} {', '.join(dict.fromkeys(_PROPERTY.findall(found[2])))}"


def _raised(frames: str) -> str:
    """Return the error that a program raised and where, without the traceback."""
    error = frames.strip().splitlines()[-1]
    own = [m for m in _PLACE.finditer(frames) if "site-packages" not in m["file"]]
    where = f" ({own[-1]['file'].rsplit('/', 1)[-1]}, line {own[-1]['line']})" if own else ""
    return f"{error}{where}"


def error_text(messages: Iterable[str], words: str) -> str:
    """Return one error text for a failed stack.

    Args:
        messages: the engine's errors of resources and of the program, as `plain` returns them.
        words: what the engine printed; used if there are no messages.
    """
    told: list[str] = []
    for text in messages:
        if text and not any(text in earlier for earlier in told):
            told.append(text)
    if not told:
        told = [plain(stderr(words)) or UNSAID]
    if any(_NO_LOGIN in text for text in told):
        told.append(_LOG_IN)
    return _cut("\n".join(told))


def stderr(words: str) -> str:
    """Return the standard error in an error of the Automation API; any other text as it is."""
    printed = _STDERR.search(words)
    return printed[1] if printed else words


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST].rsplit(None, 1)[0]} … ({len(text)} characters in all)"
