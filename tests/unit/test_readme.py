"""What the README shows is what happens: its errors, its job, its table, its commands."""

import io
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from components.settings import NAMESPACE, SettingsError, load
from components.settings.stack_file import read
from sandbox.report import show
from sandbox.stacks import SandboxStack
from tests.unit.pages import ROOT, blocks, indented, page, settings_of
from tests.unit.resources.mocks import ACCOUNT, RecordingMocks, run_program

README = page("README.md")
TABLE, INSTALL, _, ERRORS = blocks(README)
CONFIG, JOB = blocks(README, "yaml")
COMMANDS = [line for block in indented(README) for line in block.splitlines() if line]


def config() -> dict[str, Any]:
    return settings_of(CONFIG)


def outputs() -> dict[str, Any]:
    """What the program exports for the config, from Pulumi mocks."""
    settings = config()
    identities = settings.pop("identities")
    buckets = {grant["bucket"] for one in identities.values() for grant in one["grants"]}
    return run_program(RecordingMocks(frozenset(buckets)), identities, stack="prod", **settings)


def test_the_mistakes_are_told_as_it_says() -> None:
    wrong = config()
    (name,) = wrong["identities"]
    wrong["identities"][name]["grants"][0]["access"] = ["raed"]
    wrong["identities"][name]["trust"]["refs"] = ["main"]
    with pytest.raises(SettingsError) as caught:
        load("prod", wrong)
    assert str(caught.value).splitlines() == ERRORS.splitlines()


def test_the_job_is_the_one_that_the_role_of_the_config_puts_out() -> None:
    made = outputs()["identities"]["circleci-deploy"]["circleciConfig"]
    assert made.replace(ACCOUNT, "111111111111") == JOB


def test_the_job_is_got_by_the_command_that_it_gives() -> None:
    (command,) = (line for line in COMMANDS if "jq" in line)
    output, query = command.split("|")
    assert output.split() == ["pulumi", "stack", "output", "identities", "--json"]
    ((identity, key),) = re.findall(r"""^ jq -r '\.\["([\w-]+)"\]\.(\w+)'$""", query)
    assert key in outputs()["identities"][identity]


def test_the_table_is_what_up_prints_for_the_dev_stack() -> None:
    printed = io.StringIO()
    stack = SandboxStack(read(ROOT, "dev"))
    names = stack.file.settings().identities
    made = {
        name: {"arn": f"arn:aws:iam::{stack.account}:user/{name}", "accessKeyId": "AKIA…"}
        for name in names
    }
    show(Console(file=printed, width=100), stack, {"identities": made})
    lines = [line.rstrip() for line in printed.getvalue().partition("\nNext:")[0].splitlines()]
    assert lines == TABLE.rstrip("\n").splitlines()


def test_the_config_keys_are_those_of_the_project() -> None:
    assert f"name: {NAMESPACE}\n" in page("Pulumi.yaml")


def test_the_make_targets_are_there() -> None:
    named = set(re.findall(r"(?:^ {4}|&& |`)make (\w+)", README, re.MULTILINE))
    assert {"up", "test", "help"} <= named
    assert named <= set(re.findall(r"^(\w+):", page("Makefile"), re.MULTILINE))


def test_what_the_readme_lists_as_files_is_there() -> None:
    listed = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", README, re.MULTILINE)
    paths = [path for cell in listed for path in re.findall(r"`([^`]+)`", cell)]
    assert len(paths) > 7
    assert [path for path in paths if "<" not in path and not (ROOT / path).exists()] == []
    assert (ROOT / "requirements.lock").exists()
    assert "pip install --require-hashes -r requirements.lock" in INSTALL


def test_the_python_commands_are_understood() -> None:
    modules = [shlex.split(line) for line in COMMANDS if line.startswith(".venv/bin/python -m")]
    assert modules
    for _, _, module, command, *options in modules:
        help_ = subprocess.run(
            [sys.executable, "-m", module, command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={"COLUMNS": "200", "TERM": "dumb"},
        )
        for option in options:
            assert not option.startswith("--") or option in help_.stdout
