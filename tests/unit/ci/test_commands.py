"""Every command that CI runs, and that the page shows, is one that there is."""

import importlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from rollout.cli import app as rollout
from sandbox.cli import app as sandbox
from tests.unit.ci.files import ALL, commands, scripts, shown_commands
from tests.unit.pages import ROOT

APPS = {"rollout": rollout, "sandbox": sandbox}

FOUND = {
    " ".join(words): words
    for script in [*(script for path in ALL for script in scripts(path)), *shown_commands()]
    for words in commands(script)
}


def parse(app: typer.Typer, arguments: list[str]) -> None:
    """Let a command line be read by the program that it is for, without carrying it out."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("program", list(arguments))
    name, command, rest = group.resolve_command(context, arguments)
    command.make_context(name, rest, parent=context)


def test_commands_are_found() -> None:
    script = """
      code=0
      .venv/bin/python -m rollout preview --stacks "$STACKS" \\
        --markdown preview/preview.md --json > preview.json || code=$?  # and so on
      if [ "$code" -eq 2 ]; then make test; fi
    """
    assert [" ".join(words) for words in commands(script)] == [
        ".venv/bin/python -m rollout preview --stacks $STACKS --markdown preview/preview.md --json",
        "make test",
    ]


@pytest.mark.parametrize("words", FOUND.values(), ids=FOUND)
def test_command_can_be_run(words: list[str]) -> None:
    if words[0] == "make":
        done = subprocess.run(
            ["make", "--dry-run", *words[1:]],  # noqa: S607 - the user's own make
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return
    assert words[1] == "-m"
    module, arguments = words[2], words[3:]
    if module in APPS:
        parse(APPS[module], arguments)
    else:
        assert module.startswith("tools.")
        importlib.import_module(module)


def test_no_rollout_of_ci_tells_account_ids() -> None:
    told = [
        line
        for line, words in FOUND.items()
        if words[2:3] == ["rollout"]
        and words[3] in {"preview", "up", "drift", "destroy"}
        and "--redact" not in words
    ]
    assert told == []


@pytest.mark.parametrize(
    "line", ["rollout preview --stack dev", "rollout previews", "rollout up --parallel many"]
)
def test_command_that_there_is_not_is_noticed(line: str) -> None:
    module, *arguments = line.split()
    with pytest.raises(Exception, match=r"No such|a valid"):
        parse(APPS[module], arguments)


def test_all_that_ci_is_for_is_run() -> None:
    ran = {" ".join(words[:4]) for words in FOUND.values()}
    for operation in ("preview", "up", "drift"):
        assert f".venv/bin/python -m rollout {operation}" in ran
    assert {"make test", "make toolchain LOCK=requirements.lock"} <= ran
    assert "python3 -m tools.ci.comment preview.md" in ran
    assert not any(
        Path(words[0]).name == "python" and "/" not in words[0] for words in FOUND.values()
    )
