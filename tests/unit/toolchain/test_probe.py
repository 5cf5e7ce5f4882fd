import os
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import NEWER, OLDER, PINNED, engine, language_host, script
from toolchain import probe


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        (f"v{PINNED}", ""),
        (NEWER, ""),
        (OLDER, f"{OLDER[1:]} is older than {PINNED}"),
        (f"v{PINNED}-alpha.1", f"{PINNED}-pre is older than {PINNED}"),
        ("v4.0.0", "4.0.0 is not known to work, 3.x is"),
        ("hello", "does not tell its version"),
    ],
)
def test_cli_is_used_from_the_pinned_version_up_to_the_next_major(
    tmp_path: Path, version: str, problem: str
) -> None:
    assert probe.examine(engine(tmp_path, version), PINNED).problem == problem


def test_cli_that_fails_or_cannot_be_run_is_not_used(tmp_path: Path) -> None:
    failing = script(tmp_path / "failing/pulumi", f"echo {NEWER}; exit 1")
    foreign = tmp_path / "pulumi"
    foreign.write_bytes(b"\x7fELF for another machine")
    foreign.chmod(0o755)
    for pulumi in (failing, foreign):
        assert probe.examine(pulumi, PINNED).problem == "does not tell its version"


def test_cli_without_a_language_host_is_not_used(tmp_path: Path) -> None:
    pulumi = script(tmp_path / "pulumi", f"echo {NEWER}")
    problem = probe.examine(pulumi, PINNED, path=str(tmp_path)).problem
    assert problem == "has no pulumi-language-python next to it or on PATH"


def test_language_host_needs_its_shim_next_to_it(tmp_path: Path) -> None:
    pulumi = engine(tmp_path)
    (tmp_path / "pulumi-language-python-exec").unlink()
    assert "without pulumi-language-python-exec" in probe.examine(pulumi, PINNED).problem


def test_language_host_that_does_not_start_is_told(tmp_path: Path) -> None:
    pulumi = engine(tmp_path)
    script(tmp_path / "pulumi-language-python", "exit 127")
    assert "does not start" in probe.examine(pulumi, PINNED).problem


def test_language_host_may_be_elsewhere_on_path(tmp_path: Path) -> None:
    pulumi = script(tmp_path / "one/pulumi", f"echo {NEWER}")
    language_host(tmp_path / "two")
    assert not probe.examine(pulumi, PINNED, path=str(tmp_path / "two")).problem


def test_language_host_may_be_next_to_what_a_symlink_points_to(tmp_path: Path) -> None:
    link = tmp_path / "bin/pulumi"
    link.parent.mkdir()
    link.symlink_to(engine(tmp_path / "cellar"))
    assert not probe.examine(link, PINNED).problem


def test_path_is_searched_in_order_without_doubles_or_what_is_no_program(tmp_path: Path) -> None:
    first, second = engine(tmp_path / "first"), engine(tmp_path / "second")
    (tmp_path / "directory/pulumi").mkdir(parents=True)
    (tmp_path / "text").mkdir()
    (tmp_path / "text/pulumi").write_text("not executable")
    names = ["missing", "directory", "text", "first", "second", "first"]
    path = os.pathsep.join(["", *(str(tmp_path / name) for name in names)])
    assert list(probe.on_path(path, [])) == [first, second]


def test_what_the_project_keeps_does_not_count_as_on_path(tmp_path: Path) -> None:
    kept = engine(tmp_path / "home/bin")
    link = tmp_path / "linked/pulumi"
    link.parent.mkdir()
    link.symlink_to(kept)
    path = os.pathsep.join([str(kept.parent), str(link.parent)])
    assert list(probe.on_path(path, [tmp_path / "other", tmp_path / "home"])) == []
