"""`python -m rollout`, run in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollout import cli


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
