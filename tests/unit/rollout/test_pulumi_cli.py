"""The rollout takes what the toolchain finds; which that is, tests/unit/toolchain holds."""

from pathlib import Path

import pytest
from semver import Version

from rollout.errors import RolloutError
from rollout.execution.run import find_cli
from sandbox.environment import SHIM
from tests.unit.toolchain.fakes import NEWER, OLDER, pulumi
from tools.toolchain import Cli, pulumi_cli


def test_the_sandboxs_pulumi_is_taken_where_it_is_first_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\necho {NEWER}\n")
    script.chmod(0o755)
    monkeypatch.setenv("SANDBOX_PYTHON", str(script))
    monkeypatch.setenv("PATH", f"{SHIM}:/bin")
    assert find_cli() == Cli(SHIM / "pulumi", Version.parse(NEWER[1:]))


def test_pinned_leaves_out_the_cli_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = pulumi(tmp_path / "users")
    made = pulumi_cli.examine(pulumi(tmp_path / "made"))
    monkeypatch.setenv("PATH", f"{users.parent}:/bin")
    monkeypatch.setattr(pulumi_cli, "kept", lambda _: made)
    assert find_cli().pulumi == users
    monkeypatch.setenv("PULUMI_CLI", "pinned")
    assert find_cli() == made


def test_without_a_cli_that_can_be_used_it_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = pulumi(tmp_path / "users", OLDER)
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setattr(pulumi_cli, "kept", lambda _: None)
    with pytest.raises(RolloutError, match=f"^No Pulumi CLI: {old} is .*`make toolchain` gets one"):
        find_cli()
