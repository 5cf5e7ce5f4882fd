"""Which CLI is found, and what is said of one that can't be used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import NEWER, OLDER, PINNED, language_host, pulumi, script
from tools.toolchain import Cli, ToolchainError, locate, pulumi_cli


@pytest.mark.parametrize("version", [f"v{PINNED}", NEWER, f"v{PINNED}+dirty"])
def test_cli_is_used_from_the_pinned_version_on(tmp_path: Path, version: str) -> None:
    cli = pulumi(tmp_path, version)
    found = locate(str(tmp_path), tmp_path / "home")
    assert found.pulumi == cli
    assert str(found.version) == version.removeprefix("v")


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        (OLDER, f"is {OLDER[1:]}, {PINNED} or a newer 3.x is needed"),
        (f"v{PINNED}-alpha.1", f"is {PINNED}-alpha.1, {PINNED} or a newer 3.x is needed"),
        ("v4.0.0", f"is 4.0.0, {PINNED} or a newer 3.x is needed"),
        ("3.999", "does not tell its version"),
        (f"{NEWER}; exit 1", "does not tell its version"),
    ],
)
def test_other_versions_are_refused_with_the_one_that_is_needed(
    tmp_path: Path, version: str, problem: str
) -> None:
    cli = pulumi(tmp_path, version)
    with pytest.raises(ToolchainError) as raised:
        locate(str(tmp_path), tmp_path / "home")
    assert str(raised.value) == f"No Pulumi CLI: {cli} {problem}. `make toolchain` gets one."


def test_a_cli_of_another_machine_is_refused(tmp_path: Path) -> None:
    cli = pulumi(tmp_path)
    cli.write_bytes(b"\x7fELF of another machine")
    with pytest.raises(ToolchainError, match="does not tell its version"):
        locate(str(tmp_path), tmp_path / "home")


def test_without_any_it_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "directory/pulumi").mkdir(parents=True)
    (tmp_path / "text").mkdir()
    (tmp_path / "text/pulumi").write_text("not executable")
    names = ["missing", "directory", "text"]
    path = os.pathsep.join(["", *(str(tmp_path / name) for name in names)])
    with pytest.raises(ToolchainError, match=r"no pulumi on PATH\. `make toolchain` gets one\."):
        locate(path, tmp_path / "home")


def test_an_old_cli_does_not_hide_a_newer_one_behind_it(tmp_path: Path) -> None:
    pulumi(tmp_path / "old", OLDER)
    new = pulumi(tmp_path / "new")
    path = os.pathsep.join([str(tmp_path / "old"), str(tmp_path / "new")])
    assert locate(path, tmp_path / "home").pulumi == new


def test_a_cli_without_a_language_host_is_refused(tmp_path: Path) -> None:
    cli = script(tmp_path / "pulumi", f"echo {NEWER}")
    with pytest.raises(ToolchainError, match="has no pulumi-language-python next to it or on PATH"):
        pulumi_cli.examine(cli, str(tmp_path))
    language_host(tmp_path)
    (tmp_path / "pulumi-language-python-exec").unlink()
    with pytest.raises(ToolchainError, match="has no pulumi-language-python-exec next to it"):
        pulumi_cli.examine(cli, str(tmp_path))


def test_the_language_host_may_be_elsewhere_on_path_or_next_to_what_a_link_points_to(
    tmp_path: Path,
) -> None:
    cli = script(tmp_path / "one/pulumi", f"echo {NEWER}")
    language_host(tmp_path / "two")
    assert pulumi_cli.examine(cli, str(tmp_path / "two")).pulumi == cli
    link = tmp_path / "bin/pulumi"
    link.parent.mkdir()
    link.symlink_to(pulumi(tmp_path / "cellar"))
    assert pulumi_cli.examine(link).pulumi == link


def test_the_sandboxs_pulumi_counts_only_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It has no language host: it hands over to a CLI that has.
    cli = script(tmp_path / "checkout/sandbox/bin/pulumi", f"echo {NEWER}")
    monkeypatch.setattr(pulumi_cli, "ROOT", tmp_path / "checkout")
    path = str(cli.parent)
    assert locate(path, tmp_path / "home", sandbox=True).pulumi == cli
    with pytest.raises(ToolchainError):
        locate(path, tmp_path / "home")


def test_no_other_cli_goes_around_the_sandboxs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = script(tmp_path / "checkout/sandbox/bin/pulumi", "exit 1")
    users = pulumi(tmp_path / "users")
    monkeypatch.setattr(pulumi_cli, "ROOT", tmp_path / "checkout")
    path = os.pathsep.join([str(cli.parent), str(users.parent)])
    with pytest.raises(ToolchainError, match="sandbox/bin/pulumi does not tell its version"):
        locate(path, tmp_path / "home", sandbox=True)
    assert locate(path, tmp_path / "home").pulumi == users


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a CLI that was made."""
    folder = tmp_path / "home"
    folder.mkdir()
    pulumi_cli.keep(pulumi_cli.examine(pulumi(tmp_path / "new")), folder)
    return folder


def test_a_cli_on_path_goes_before_the_one_that_was_made(home: Path, tmp_path: Path) -> None:
    made = locate("", home)
    assert made == Cli(home / "bin/pulumi", made.version)
    users = pulumi(tmp_path / "users")
    assert locate(str(users.parent), home).pulumi == users


def test_pinned_leaves_out_what_is_on_path(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = pulumi(tmp_path / "users")
    monkeypatch.setenv("PULUMI_CLI", "pinned")
    assert locate(str(users.parent), home).pulumi == home / "bin/pulumi"
    with pytest.raises(ToolchainError) as raised:
        locate(str(users.parent), tmp_path / "none")
    words = "PULUMI_CLI=pinned leaves out what is on PATH. `make toolchain` gets one."
    assert str(raised.value) == f"No Pulumi CLI: {words}"


def test_pinned_lets_the_sandbox_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = script(tmp_path / "checkout/sandbox/bin/pulumi", f"echo {NEWER}")
    users = pulumi(tmp_path / "users")
    monkeypatch.setattr(pulumi_cli, "ROOT", tmp_path / "checkout")
    monkeypatch.setenv("PULUMI_CLI", "pinned")
    path = os.pathsep.join([str(users.parent), str(cli.parent)])
    assert locate(path, tmp_path / "home", sandbox=True).pulumi == cli


@pytest.mark.parametrize("value", ["pined", "/usr/bin/pulumi", "true"])
def test_the_switch_knows_one_word(home: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PULUMI_CLI", value)
    with pytest.raises(ToolchainError, match=f"PULUMI_CLI is '{value}'; it is 'pinned' or not set"):
        locate("", home)


@pytest.mark.parametrize("name", [*pulumi_cli.NAMES, pulumi_cli.STAMP])
def test_one_with_a_part_missing_is_not_used(home: Path, name: str) -> None:
    (home / "bin" / name).unlink()
    assert pulumi_cli.kept(home) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": "x"}', '{"version": 1}'])
def test_one_whose_record_is_odd_is_not_used(home: Path, text: str) -> None:
    (home / "bin" / pulumi_cli.STAMP).write_text(text)
    assert pulumi_cli.kept(home) is None


@pytest.mark.parametrize("name", pulumi_cli.NAMES)
def test_a_file_that_changed_since_it_was_made_is_seen(home: Path, name: str) -> None:
    assert pulumi_cli.kept(home) is not None
    script(home / "bin" / name, f"echo {NEWER} # something else")
    assert pulumi_cli.kept(home) is None


@pytest.mark.parametrize("name", ["releases.sha256", "cli/go.sum", "language-python/go.mod"])
def test_one_made_from_other_pins_is_not_used(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    modules = shutil.copytree(pulumi_cli.MODULES, tmp_path / "modules")
    monkeypatch.setattr(pulumi_cli, "MODULES", modules)
    monkeypatch.setattr(pulumi_cli, "RELEASES", modules / "releases.sha256")
    assert pulumi_cli.kept(home) is not None
    with (modules / name).open("a") as file:
        file.write("// changed\n")
    assert pulumi_cli.kept(home) is None


def test_a_go_mod_without_a_pin_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module m\n")
    with pytest.raises(ValueError, match=r"go\.mod holds no github"):
        pulumi_cli.pinned_version(tmp_path)


def test_looking_for_a_cli_loads_no_sdk() -> None:
    code = "import sys, tools.toolchain; sys.exit('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=pulumi_cli.ROOT, check=False)
    assert done.returncode == 0
