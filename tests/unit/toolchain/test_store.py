import fcntl
import io
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import NEWER, engine
from toolchain.steps import Console
from toolchain.store import Store


def put(store: Store, console: Console, version: str = NEWER) -> None:
    with store.locked(console), store.fresh() as folder:
        engine(folder / "bin", version)
        store.keep(folder)


def test_nothing_is_current_before_anything_was_kept(home: Path) -> None:
    assert not Store(home, "key").current()
    assert not home.exists()


def test_kept_engine_is_current_for_its_key_only(home: Path, console: Console) -> None:
    put(Store(home, "key"), console)
    assert Store(home, "key").current()
    assert not Store(home, "another").current()


@pytest.mark.parametrize(
    "name", ["pulumi", "pulumi-language-python", "pulumi-language-python-exec", ".stamp"]
)
def test_engine_with_a_part_missing_is_not_current(home: Path, console: Console, name: str) -> None:
    store = Store(home, "key")
    put(store, console)
    (store.bin / name).unlink()
    assert not store.current()


def test_new_engine_replaces_the_one_before_and_leaves_nothing_else(
    home: Path, console: Console
) -> None:
    put(Store(home, "one"), console, "v1.0.0")
    put(Store(home, "two"), console, "v2.0.0")
    assert "v2.0.0" in (home / "bin/pulumi").read_text()
    assert sorted(file.name for file in home.iterdir()) == ["bin", "lock"]


def test_interrupted_work_keeps_the_engine_before(home: Path, console: Console) -> None:
    store = Store(home, "key")
    put(store, console)

    def interrupted() -> None:
        with store.locked(console), store.fresh() as folder:
            engine(folder / "bin", "v0.0.1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.current()
    assert sorted(file.name for file in home.iterdir()) == ["bin", "lock"]


def test_leftovers_of_a_killed_run_are_removed(home: Path, console: Console) -> None:
    engine(home / "new-killed/bin")
    store = Store(home, "key")
    assert not store.current()
    put(store, console)
    assert not (home / "new-killed").exists()


def test_second_run_waits_for_the_first_and_says_so(
    home: Path, console: Console, printed: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def held(_: object, operation: int) -> None:
        taken.append(operation)
        if operation & fcntl.LOCK_NB:
            raise BlockingIOError

    monkeypatch.setattr(fcntl, "flock", held)
    with Store(home, "key").locked(console):
        assert taken == [fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_EX]
    assert "another run is preparing" in printed.getvalue()
