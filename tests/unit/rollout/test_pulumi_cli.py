"""The rollout takes what the toolchain finds; which that is, tests/unit/toolchain holds."""

from pathlib import Path

import pytest

from rollout.errors import RolloutError
from rollout.execution.pulumi_cli import find_cli
from rollout.execution.task import Cli
from sandbox.environment import SHIM
from tests.unit.toolchain.fakes import NEWER, OLDER, pulumi
from tools.toolchain import engine


def test_the_sandboxs_pulumi_is_taken_where_it_is_first_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\necho {NEWER}\n")
    script.chmod(0o755)
    monkeypatch.setenv("SANDBOX_PYTHON", str(script))
    monkeypatch.setenv("PATH", f"{SHIM}:/bin")
    assert find_cli() == Cli(str(SHIM / "pulumi"), NEWER[1:])


def test_pinned_leaves_out_the_cli_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = pulumi(tmp_path / "users")
    made = engine.examine(pulumi(tmp_path / "made"))
    monkeypatch.setenv("PATH", f"{users.parent}:/bin")
    monkeypatch.setattr(engine, "kept", lambda _: made)
    assert find_cli().path == str(users)
    monkeypatch.setenv("PULUMI_CLI", "pinned")
    assert find_cli().path == str(made.pulumi)


def test_without_a_cli_that_can_be_used_it_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = pulumi(tmp_path / "users", OLDER)
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setattr(engine, "kept", lambda _: None)
    with pytest.raises(RolloutError, match=f"^No Pulumi CLI: {old} is .*`make toolchain` gets one"):
        find_cli()
