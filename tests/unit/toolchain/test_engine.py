"""Which engine is taken, and what is said."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import NEWER, OLDER, PINNED, contents, engine, script
from toolchain import ToolchainError, ensure, locate, path_with, pins
from toolchain.engine import SOURCES
from toolchain.pins import Version
from toolchain.steps import Console, StepError


class Source:
    """A way to an engine that counts its calls, and works or gives a reason."""

    def __init__(self, reason: str = "", version: str = f"v{PINNED}") -> None:
        self.calls = 0
        self.reason = reason
        self.version = version

    def __call__(self, folder: Path, version: Version, log: Path, console: Console) -> None:
        assert version == PINNED
        assert not log.read_bytes()
        console.say("working")
        self.calls += 1
        if self.reason:
            raise StepError(self.reason)
        engine(folder / "bin", self.version)


def test_new_enough_cli_on_path_is_used_and_nothing_is_made(
    tmp_path: Path, home: Path, console: Console, printed: io.StringIO
) -> None:
    theirs = tmp_path / "theirs"
    engine(theirs)
    before = contents(theirs)
    source = Source()
    assert ensure(str(theirs), home, console, [("source", source)]) == theirs
    assert locate(str(theirs), home) == theirs
    assert source.calls == 0
    assert not home.exists()
    assert not printed.getvalue()
    assert contents(theirs) == before


def test_old_cli_on_path_is_left_as_it_is_and_told(
    tmp_path: Path, home: Path, console: Console, printed: io.StringIO
) -> None:
    theirs = tmp_path / "theirs"
    pulumi = engine(theirs, OLDER)
    before = contents(theirs)
    assert ensure(str(theirs), home, console, [("source", Source())]) == home / "bin"
    assert contents(theirs) == before
    assert f"{pulumi} {OLDER[1:]} is older than {PINNED}; it is left" in printed.getvalue()


def test_old_cli_does_not_hide_a_newer_one_behind_it(tmp_path: Path, home: Path) -> None:
    engine(tmp_path / "old", OLDER)
    engine(tmp_path / "new", NEWER)
    path = os.pathsep.join([str(tmp_path / "old"), str(tmp_path / "new")])
    assert locate(path, home) == tmp_path / "new"


def test_pulumi_of_the_checkout_itself_is_no_engine(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(tmp_path / "checkout/sandbox/bin")
    path = str(tmp_path / "checkout/sandbox/bin")
    assert locate(path, home) is not None
    monkeypatch.setattr(pins, "ROOT", tmp_path / "checkout")
    assert locate(path, home) is None


def test_cli_on_path_goes_before_a_kept_one(tmp_path: Path, home: Path, console: Console) -> None:
    ensure("", home, console, [("source", Source())])
    engine(tmp_path / "theirs")
    assert locate(str(tmp_path / "theirs"), home) == tmp_path / "theirs"


def test_release_goes_before_the_build() -> None:
    assert [name for name, _ in SOURCES] == ["the official release", "a build from source"]


def test_first_way_that_works_is_the_last_one_tried(home: Path, console: Console) -> None:
    sources = [("a", Source("no network")), ("b", Source()), ("c", Source())]
    assert ensure("", home, console, sources) == home / "bin"
    assert [source.calls for _, source in sources] == [1, 1, 0]


def test_engine_is_made_once(home: Path, console: Console, printed: io.StringIO) -> None:
    source = Source()
    ensure("", home, console, [("source", source)])
    said = printed.getvalue()
    before = contents(home)
    assert ensure("", home, console, [("source", source)]) == locate("", home) == home / "bin"
    assert source.calls == 1
    assert printed.getvalue() == said
    assert contents(home) == before


def test_engine_is_made_again_when_the_pins_change(
    home: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source()
    ensure("", home, console, [("source", source)])
    monkeypatch.setattr(pins, "key", lambda: "changed")
    assert locate("", home) is None
    ensure("", home, console, [("source", source)])
    assert source.calls == 2
    assert locate("", home) == home / "bin"


def test_made_engine_that_is_not_the_pinned_one_is_not_kept(home: Path, console: Console) -> None:
    wrong = Source(version=OLDER)
    with pytest.raises(ToolchainError, match=f"the pulumi that it gave {OLDER[1:]} is older"):
        ensure("", home, console, [("wrong", wrong)])
    assert locate("", home) is None


def test_if_nothing_works_one_message_says_why_and_what_to_install(
    tmp_path: Path, home: Path, console: Console
) -> None:
    pulumi = engine(tmp_path, OLDER)
    sources = [("the release", Source("no network")), ("a build", Source("no go"))]
    with pytest.raises(ToolchainError) as raised:
        ensure(str(tmp_path), home, console, sources)
    assert str(raised.value) == (
        "No Pulumi CLI could be had:\n"
        f"  - {pulumi} {OLDER[1:]} is older than {PINNED}\n"
        "  - the release: no network\n"
        "  - a build: no go\n"
        f"Install Pulumi {PINNED} or newer (https://www.pulumi.com/docs/install/), or Go"
        f" {pins.needed_go()} or newer (https://go.dev/doc/install), and run this again."
    )


def test_path_gets_the_directory_in_front_only_if_it_is_needed(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    engine(ours)
    script(other / "python3", "exit 0")
    path = os.pathsep.join([str(other), str(ours)])
    assert path_with(ours, path) == path
    engine(other)
    assert path_with(ours, path) == os.pathsep.join([str(ours), path])


def test_looking_for_an_engine_does_not_load_the_sdk() -> None:
    code = "import sys, toolchain; toolchain.locate(''); sys.exit('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=pins.ROOT, check=False)
    assert done.returncode == 0
