"""The build, with a script in place of Go that writes down how it was called."""

from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import PINNED, script
from toolchain import pins
from toolchain.build import build
from toolchain.steps import Console, StepError

GO = """
echo "$PWD|$CGO_ENABLED|$GOWORK|$GOFLAGS|$GOSUMDB|$*" >> "{calls}"
case "$1" in
  list) echo "{sdk}" ;;
  build)
    while [ "$1" != -o ]; do shift; done
    echo built > "$2" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_build_takes_the_pinned_modules_and_lets_go_check_them(
    tmp_path: Path, folder: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    shim = tmp_path / "sdk/python/cmd/pulumi-language-python-exec"
    shim.parent.mkdir(parents=True)
    shim.write_text("the shim")
    shim.chmod(0o444)
    script(tmp_path / "bin/go", GO.format(calls=calls, sdk=tmp_path / "sdk"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOSUMDB", "the-users-own")

    build(folder, PINNED, tmp_path / "log", console)

    host, cli, sdk = (line.split("|") for line in calls.read_text().splitlines())
    assert [host[0], cli[0], sdk[0]] == [
        str(pins.HOST_MODULE),
        str(pins.CLI_MODULE),
        str(pins.CLI_MODULE),
    ]
    for _, *environment, arguments in (host, cli, sdk):
        # What is on the command line goes before GOFLAGS.
        assert environment == ["0", "off", "-mod=mod", "the-users-own"]
        assert " -mod=readonly " in arguments
    assert f"version.Version=v{PINNED} -o {folder}/bin/pulumi " in cli[-1]
    assert f"version.Version=v{pins.pinned_version(pins.HOST_MODULE)} -o " in host[-1]
    assert (folder / "bin/pulumi").read_text() == "built\n"
    copied = folder / "bin/pulumi-language-python-exec"
    assert copied.read_text() == "the shim"
    assert copied.stat().st_mode & 0o777 == 0o755


def test_missing_go_is_told_with_the_version_that_is_needed(
    tmp_path: Path, folder: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StepError, match=f"no go .of {pins.needed_go()} or newer. on PATH"):
        build(folder, PINNED, tmp_path / "log", console)


def test_failing_go_is_told_in_its_own_words(
    tmp_path: Path, folder: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin/go", "echo 'go: go.mod requires go >= 1.24'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(StepError, match=r"^go: go\.mod requires go >= 1\.24$"):
        build(folder, PINNED, tmp_path / "log", console)
