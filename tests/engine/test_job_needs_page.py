"""docs/job-needs.md: each command, as written, prints what the page says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from sandbox.folder import CHECKOUT, Folder
from sandbox.lifecycle import stop
from tests.engine.harness import PROGRAM
from tests.unit.pages import page

PAGE: Final = page("docs/job-needs.md")
_FILE: Final = re.compile(
    r"<!-- file: (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_CONSOLE: Final = re.compile(
    r"^```console\n\$ (?P<command>.*?)\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL
)
EXAMPLES: Final = [(one["command"], one["output"]) for one in _CONSOLE.finditer(PAGE)]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project with the page's files; its commands get a sandbox of their own."""
    root = tmp_path / "project"
    root.mkdir()
    for part in PROGRAM:
        (root / part).symlink_to(CHECKOUT / part)
    for one in _FILE.finditer(PAGE):
        (root / one["name"]).write_text(one["text"])
    yield root
    stop(Folder(tmp_path / "sandbox"))


def shell(root: Path, command: str) -> "subprocess.CompletedProcess[str]":
    python = Path(sys.executable).parent
    own = {"SANDBOX_DIR": str(root.parent / "sandbox"), "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=root,
        env=os.environ | own | {"PATH": f"{python}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_page_shows_what_the_commands_print(project: Path) -> None:
    assert [command.split()[3] for command, _ in EXAMPLES] == ["learn", "up", "run", "run", "learn"]
    for command, output in EXAMPLES:
        done = shell(project, command)
        if output:
            # The command's own output goes before the report, on another stream.
            said = done.stdout + (done.stderr if " run " in command else "")
            assert said == output, done.stderr
        assert done.returncode == 0, done.stderr


def test_the_stack_has_the_grants_that_were_learned() -> None:
    (stack,) = (one["text"] for one in _FILE.finditer(PAGE) if one["name"] == "Pulumi.site.yaml")
    identities = yaml.safe_load(stack)["config"]["circleci-s3-access:identities"]
    learned = yaml.safe_load(EXAMPLES[0][1])["grants"]
    assert identities["circleci-publish"]["grants"] == learned
