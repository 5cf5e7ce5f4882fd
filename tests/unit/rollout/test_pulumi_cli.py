from pathlib import Path

import pytest

from rollout.errors import RolloutError
from rollout.execution.pulumi_cli import find_cli
from rollout.execution.task import Cli
from toolchain.pins import pinned_version


def pulumi(folder: Path, version: str) -> Path:
    """Make a CLI that tells a version."""
    folder.mkdir()
    file = folder / "pulumi"
    file.write_text(f"#!/bin/sh\necho {version}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout's own CLI, with nothing on PATH."""
    made = pulumi(tmp_path / "own", f"v{pinned_version()}")
    monkeypatch.setattr("toolchain.locate", lambda: made.parent)
    monkeypatch.setenv("PATH", "/nowhere")
    return made


def test_a_cli_on_path_that_is_new_enough_is_taken(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = pulumi(tmp_path / "users", "v3.999.1")
    monkeypatch.setenv("PATH", f"{users.parent}:/bin")
    assert find_cli() == Cli(str(users), "3.999.1")
    assert own.exists()


@pytest.mark.parametrize("version", ["v3.1.0", "nonsense"])
def test_one_that_is_older_or_tells_no_version_is_passed_over(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("PATH", f"{pulumi(tmp_path / 'users', version).parent}:/bin")
    assert find_cli() == Cli(str(own), str(pinned_version()))


def test_one_that_does_not_start_is_passed_over(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = pulumi(tmp_path / "users", "v3.999.1")
    broken.write_bytes(b"\x7fELF of another machine")
    monkeypatch.setenv("PATH", f"{broken.parent}:/bin")
    assert find_cli() == Cli(str(own), str(pinned_version()))


def test_without_any_it_says_how_to_get_one(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own.unlink()
    monkeypatch.setattr("toolchain.locate", lambda: None)
    with pytest.raises(RolloutError, match=r"There is no Pulumi CLI: `make toolchain` gets one\."):
        find_cli()


def test_with_an_old_one_only_it_says_which(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.unlink()
    monkeypatch.setattr("toolchain.locate", lambda: None)
    old = pulumi(tmp_path / "users", "v3.1.0")
    monkeypatch.setenv("PATH", f"{old.parent}:/bin")
    with pytest.raises(RolloutError, match=rf"of version .* or newer \({old} is v3\.1\.0\)"):
        find_cli()
