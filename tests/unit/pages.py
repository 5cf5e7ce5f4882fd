"""The project's pages, and what stands in their blocks."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

from components.settings import pulumi_yaml

ROOT: Final = Path(__file__).resolve().parents[2]

_BLOCK: Final = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
_COMMANDS: Final = re.compile(r"(?:^ {4}\S.*\n(?:\n(?= {4}))?)+", re.MULTILINE)


def page(name: str) -> str:
    """The text of a page, by its path in the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, kind: str = "") -> list[str]:
    """What stands between fences of a kind, without its indentation."""
    return [dedent(one["text"]) for one in _BLOCK.finditer(text) if one["kind"] == kind]


def indented(text: str) -> list[str]:
    """Blocks that are indented by four: commands."""
    return [dedent(one[0]) for one in _COMMANDS.finditer(_BLOCK.sub("", text))]


def links(text: str) -> list[str]:
    """Where links lead inside the project."""
    return re.findall(r"\]\((?!https?:)([^)]+)\)", text)


def headings(text: str) -> set[str]:
    """A page's headings, as links name them."""
    found = re.findall(r"^#+ (.*)$", _BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in found}


def settings_of(text: str) -> dict[str, Any]:
    """The config that a YAML block shows: a stack's file, its identities, or one of them."""
    shown = pulumi_yaml.parse(text)
    if "config" not in shown:
        return shown if "identities" in shown else {"identities": shown}
    own = "circleci-s3-access:"
    return {
        key.removeprefix(own): value
        for key, value in shown["config"].items()
        if key.startswith(own)
    }
