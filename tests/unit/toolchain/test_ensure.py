"""Which way to a CLI is taken, and what is left when one fails or is killed."""

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.unit.toolchain.fakes import NEWER, OLDER, PINNED, pulumi, script
from tools.toolchain import ToolchainError, locate, pulumi_cli
from tools.toolchain import ensure as ways
from tools.toolchain.build import build
from tools.toolchain.ensure import SOURCES, ensure
from tools.toolchain.release import download


class Source:
    """A way to a CLI that counts its calls, and works or gives a reason."""

    def __init__(self, reason: str = "", version: str = NEWER) -> None:
        self.calls = 0
        self.reason = reason
        self.version = version

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        pulumi(folder / "bin", self.version)
        if self.reason:
            raise ToolchainError(self.reason)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def files(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """All files below a folder, with what is in them and when they were written."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in found}


def test_a_cli_on_path_is_used_and_nothing_is_made(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users = pulumi(tmp_path / "users")
    before = files(tmp_path)
    assert ensure(str(users.parent), home, {}).pulumi == users
    assert files(tmp_path) == before
    assert not home.exists()
    assert capsys.readouterr() == ("", "")


def test_pinned_makes_one_though_there_is_one_on_path(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    users = pulumi(tmp_path / "users")
    monkeypatch.setenv("PULUMI_CLI", "pinned")
    assert ensure(str(users.parent), home, {"making": Source()}).pulumi == home / "bin/pulumi"
    said = capsys.readouterr().err
    assert said == "Pulumi: PULUMI_CLI=pinned leaves out what is on PATH; making …\n"


def test_pinned_does_not_tell_to_install_what_it_would_leave_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CLI", "pinned")
    with pytest.raises(ToolchainError) as raised:
        ensure("", home, {"a": Source("no network")})
    last = str(raised.value).splitlines()[-1]
    assert last.startswith(f"Install Go {pulumi_cli.needed_go()} or newer")


def test_an_old_cli_on_path_is_left_as_it_is_and_told(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users = pulumi(tmp_path / "users", OLDER)
    before = files(users.parent)
    assert ensure(str(users.parent), home, {"making": Source()}).pulumi == home / "bin/pulumi"
    assert files(users.parent) == before
    assert f"{users} is {OLDER[1:]}, {PINNED} or a newer" in capsys.readouterr().err


def test_the_release_goes_before_the_build() -> None:
    assert list(SOURCES.values()) == [download, build]


def test_the_first_way_that_works_is_the_last_one_tried(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {"a": Source("the digest is wrong"), "b": Source(), "c": Source()}
    assert ensure("", home, sources).pulumi == home / "bin/pulumi"
    assert [source.calls for source in sources.values()] == [1, 1, 0]
    said = capsys.readouterr().err.splitlines()
    assert said == ["Pulumi: there is no pulumi on PATH; a …", "Pulumi: the digest is wrong; b …"]
    assert sorted(path.name for path in home.iterdir()) == ["bin", "lock"]


def test_a_cli_is_made_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = Source()
    made = ensure("", home, {"making": source})
    before = files(home / "bin")
    capsys.readouterr()
    assert ensure("", home, {"making": source}) == locate("", home) == made
    assert source.calls == 1
    assert files(home / "bin") == before
    assert not capsys.readouterr().err


def test_one_that_changed_since_it_was_made_is_made_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Source()
    ensure("", home, {"making": source})
    whole = files(home).keys()
    script(home / "bin/pulumi", f"echo {NEWER} # something else")
    ensure("", home, {"making": source})
    assert source.calls == 2
    assert "something else" not in (home / "bin/pulumi").read_text()
    assert files(home).keys() == whole
    assert "bin is not what is pinned, or was changed. It is made again." in capsys.readouterr().err


def test_one_that_is_not_the_pinned_version_is_not_kept(home: Path) -> None:
    with pytest.raises(ToolchainError, match=f"is {re.escape(OLDER[1:])}, .* is needed"):
        ensure("", home, {"making": Source(version=OLDER)})
    assert pulumi_cli.kept(home) is None


def test_if_nothing_works_one_message_says_why_and_what_to_install(
    tmp_path: Path, home: Path
) -> None:
    users = pulumi(tmp_path / "users", OLDER)
    with pytest.raises(ToolchainError) as raised:
        ensure(str(users.parent), home, {"a": Source("no network"), "b": Source("no go")})
    assert str(raised.value) == (
        "No Pulumi CLI could be had:\n"
        f"  - {users} is {OLDER[1:]}, {PINNED} or a newer 3.x is needed\n"
        "  - no network\n"
        "  - no go\n"
        f"Install Pulumi {PINNED} or newer (https://www.pulumi.com/docs/install/), or Go"
        f" {pulumi_cli.needed_go()} or newer (https://go.dev/doc/install), and run this again."
    )


def test_an_interrupt_keeps_the_cli_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure("", home, {"making": Source(version=f"v{PINNED}")})
    before = files(home / "bin")

    def interrupted(folder: Path) -> None:
        pulumi(folder / "bin")
        raise KeyboardInterrupt

    monkeypatch.setattr(pulumi_cli, "kept", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        ensure("", home, {"making": interrupted})
    assert files(home / "bin") == before
    assert sorted(path.name for path in home.iterdir()) == ["bin", "lock"]


KILLED = """
import os, sys
from pathlib import Path
from tools.toolchain.ensure import ensure

def fill(folder):
    Path(folder, "bin", "pulumi").write_text("half of it")
    print(flush=True)
    sys.stdin.read()

ensure("", Path(sys.argv[1]), {"making": fill})
"""


def test_what_a_killed_run_leaves_is_mended_by_the_next(home: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(home)]
    with subprocess.Popen(
        command, cwd=pulumi_cli.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline()
        run.kill()
    assert list(home.glob("new-*/bin/pulumi"))
    assert pulumi_cli.kept(home) is None
    ensure("", home, {"making": Source()})
    assert sorted(path.name for path in home.iterdir()) == ["bin", "lock"]


def test_a_second_run_waits_for_the_first_and_makes_nothing(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = Event()
    monkeypatch.setattr(ways, "_say", lambda _: waits.set())
    home.mkdir()
    second = Source()
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = Thread(target=ensure, args=("", home, {"making": second}))
        run.start()
        assert waits.wait(20)
        pulumi_cli.keep(pulumi_cli.examine(pulumi(tmp_path / "new")), home)
    run.join(20)
    assert not run.is_alive()
    assert second.calls == 0


def test_the_command_says_which_cli_it_is_and_how_it_failed(tmp_path: Path) -> None:
    cli = pulumi(tmp_path / "users")
    command = [sys.executable, "-m", "tools.toolchain"]
    env = {**os.environ, "PATH": str(cli.parent)}
    done = subprocess.run(
        command, cwd=pulumi_cli.ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"Pulumi {NEWER[1:]}: {cli}\n"
    wrong = subprocess.run(
        command,
        cwd=pulumi_cli.ROOT,
        env={**env, "PULUMI_CLI": "pined"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "PULUMI_CLI is 'pined'; it is 'pinned' or not set.\n"
