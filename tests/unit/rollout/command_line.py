"""`python -m rollout`, run in this process; and a CLI for it that is a script."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from semver import Version

from rollout import cli
from tools.toolchain import Cli


@dataclass(frozen=True)
class Ran:
    """One command line and what came of it."""

    code: int
    out: str
    err: str


Ask = Callable[..., Ran]


def asking(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return what runs a command line in a project's root."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(root: Path, *args: str) -> Ran:
        monkeypatch.chdir(root)
        monkeypatch.setattr("sys.argv", ["rollout", *args])
        code = cli.main()
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def scripted_cli(folder: Path, script: str) -> Cli:
    """Return a CLI that runs lines of a shell, whatever it is asked for; workers start it."""
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return Cli(path, Version(3, 200))
