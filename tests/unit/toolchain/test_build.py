"""The build, with a script in place of Go that writes down how it was called."""

from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import PINNED, script
from tools.toolchain import ToolchainError, pulumi_cli
from tools.toolchain.build import HOST_MODULE, build

GO = """
echo "$PWD|$CGO_ENABLED|$GOWORK|$GOTMPDIR|$GOSUMDB|$*" >> "{calls}"
case "$1" in
  list) echo "{sdk}" ;;
  build)
    while [ "$1" != -o ]; do shift; done
    echo built > "$2" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "new"
    (made / "bin").mkdir(parents=True)
    return made


def test_the_pinned_modules_are_built_and_go_verifies_them(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    exec_script = tmp_path / "sdk/python/cmd" / pulumi_cli.EXEC
    exec_script.parent.mkdir(parents=True)
    exec_script.write_text("the script")
    exec_script.chmod(0o444)
    script(tmp_path / "bin/go", GO.format(calls=calls, sdk=tmp_path / "sdk"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("GOSUMDB", "the-users-own")

    build(folder)

    host, cli, sdk = (line.split("|") for line in calls.read_text().splitlines())
    assert [host[0], cli[0], sdk[0]] == list(
        map(str, [HOST_MODULE, pulumi_cli.CLI_MODULE, pulumi_cli.CLI_MODULE])
    )
    for _, *environment, arguments in (host, cli, sdk):
        assert environment == ["0", "off", str(folder), "the-users-own"]
        assert " -mod=readonly " in arguments
    assert f"version.Version=v{PINNED} -o {folder}/bin/pulumi " in cli[-1]
    assert f"version.Version=v{pulumi_cli.pinned_version(HOST_MODULE)} -o " in host[-1]
    assert (folder / "bin/pulumi").read_text() == "built\n"
    copied = folder / "bin" / pulumi_cli.EXEC
    assert copied.read_text() == "the script"
    assert copied.stat().st_mode & 0o777 == 0o755


def test_missing_go_is_told_with_the_version_that_is_needed(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ToolchainError, match=f"no go .of {pulumi_cli.needed_go()} or newer. on PATH"
    ):
        build(folder)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo noise >&2; echo 'go.mod requires go >= 1.99' >&2; exit 1", "go.mod requires go >="),
        ("exit 3", "exit code 3"),
    ],
)
def test_failing_go_is_told_in_its_own_words(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    script(tmp_path / "bin/go", body)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(ToolchainError, match=f"^go build: {message}"):
        build(folder)
