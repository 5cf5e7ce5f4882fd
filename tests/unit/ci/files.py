"""The files that CI reads, what is in them, and which steps a job with a role may not have."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.unit.pages import ROOT

DOCS: Final = ROOT / "docs" / "ci.md"
WORKFLOWS: Final = sorted(ROOT.glob(".github/workflows/*.yml"))
ACTIONS: Final = sorted(ROOT.glob(".github/actions/*/action.yml"))
CIRCLECI_TESTS: Final = ROOT / ".circleci" / "config.yml"
CIRCLECI: Final = ROOT / ".circleci" / "rollout.yml"
ALL: Final = [*WORKFLOWS, *ACTIONS, CIRCLECI_TESTS, CIRCLECI]

_FENCE: Final = re.compile(r"^```(?P<kind>\w*)\n(?P<content>.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN: Final = re.compile(r"`((?:\.venv/bin/python|python3?|make) [^`]+)`")
_KEYWORDS: Final = {"if", "then", "else", "do", "while", "!"}
_PROGRAM: Final = re.compile(r"(?:.*/)?(?:python3?|make)")


def load(path: Path) -> Any:
    """Return what a file says, GitHub's `on` as the text that it is there."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in content.items()}


def named(workflow: str) -> Any:
    """Return one of GitHub's workflows."""
    return load(ROOT / ".github" / "workflows" / f"{workflow}.yml")


def values(content: Any, key: str) -> Iterator[Any]:
    """Yield each value that a key has anywhere in a content."""
    if isinstance(content, dict):
        if key in content:
            yield content[key]
        content = content.values()
    if isinstance(content, dict | list) or hasattr(content, "__iter__"):
        if isinstance(content, str):
            return
        for value in content:
            yield from values(value, key)


def scripts(path: Path) -> Iterator[str]:
    """Yield the shell scripts in a file: `run` is one, or has one as its `command`."""
    for run in values(load(path), "run"):
        yield run if isinstance(run, str) else run["command"]


def shown_commands() -> Iterator[str]:
    """Yield what docs/ci.md shows of shell: blocks of it, and commands in a sentence."""
    text = DOCS.read_text(encoding="utf-8")
    for block in _FENCE.finditer(text):
        if block["kind"] in {"sh", "shell", "bash"}:
            yield block["content"]
    yield from _SPAN.findall(_FENCE.sub("", text))


def commands(script: str) -> Iterator[list[str]]:
    """Yield the calls of Python and make in a script, each as its words."""
    for line in script.replace("\\\n", " ").splitlines():
        words: list[str] = []
        for word in [*_words(line), ";"]:
            if word.strip("|&;<>()") == "":
                if words and _PROGRAM.fullmatch(words[0]):
                    yield words
                words = []
            elif words or word not in _KEYWORDS:
                words.append(word)


def _words(line: str) -> Iterator[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    # A redirection's file is no command's first word.
    skip = False
    for word in lexer:
        yield from () if skip else (word,)
        skip = word in {">", ">>", "<"}


HARMLESS: Final = {
    "actions/checkout",
    "actions/download-artifact",
    "actions/setup-python",
    "actions/upload-artifact",
    "aws-actions/configure-aws-credentials",
    # CircleCI's own
    "attach_workspace",
    "checkout",
    "persist_to_workspace",
    "store_artifacts",
}
"""The steps, beside scripts, that bring in nothing of a cache and nothing unpinned."""
_INSTALLS: Final = re.compile(r"\b(pip|pipx|uv|npm|npx|curl|wget|apt|apt-get|go)\b")


def careless(steps: Any, shared: Mapping[str, Any]) -> Iterator[str]:
    """Yield what in the steps of a job with a role would run what was not reviewed.

    Args:
        steps: the job's.
        shared: the steps behind a name: of a local action on GitHub, of a command on CircleCI.
    """
    for step in steps:
        name, given = next(iter(step.items())) if isinstance(step, dict) else (step, None)
        if "uses" in step:
            name, given = step["uses"].partition("@")[0], step.get("with") or {}
        if name in shared:
            yield from careless(shared[name], shared)
        elif "run" in step:
            run = step["run"]
            yield from _careless_script(run if isinstance(run, str) else run["command"])
        elif name not in HARMLESS:
            yield f"the step {name}"
        elif given and any("cache" in key for key in given):
            yield f"the cache of {name}"


def _careless_script(script: str) -> Iterator[str]:
    if (found := _INSTALLS.search(script)) is not None:
        yield f"the script that calls {found[0]}"
    for words in commands(script):
        if words[0] == "make" and "LOCK=requirements.lock" not in words:
            yield f"{' '.join(words)}, which is not of requirements.lock"
