import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollout.choosing.shard import WHOLE, Shard
from rollout.errors import RolloutError
from rollout.execution.journal import FOLDER, Journal, forget

STACKS = ("a", "b", "c")


def file_of(root: Path) -> Path:
    return root / FOLDER / "up.jsonl"


def test_a_project_without_a_rollout_has_no_past(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is None


def test_the_past_tells_what_is_done_and_what_was_cut_short(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        for stack in STACKS:
            journal.started(stack)
        journal.ended("a", "digest-a")
        journal.ended("b", None)
    with Journal(tmp_path, WHOLE) as journal:
        past = journal.past
    assert past is not None
    assert past.stacks == STACKS
    assert past.done == {"a": "digest-a"}
    assert list(past.cut_short) == ["c"]
    assert began <= past.cut_short["c"] <= datetime.now(UTC)


def test_the_account_of_a_stack_is_kept_until_it_is_destroyed(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        for stack in STACKS:
            journal.ended(stack, "digest", "111111111111")
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(["a"])
        journal.ended("a", "digest", "222222222222")
        journal.ended("b", None, "222222222222")
    forget(tmp_path, ["c"])
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert journal.past.accounts == {"a": "222222222222", "b": "111111111111"}
        assert journal.past.done == {"a": "digest"}
        assert not journal.unread


def test_a_destroyed_stack_is_not_done_in_any_shards_journal(tmp_path: Path) -> None:
    shards = (WHOLE, Shard(0, 2))
    for shard in shards:
        with Journal(tmp_path, shard) as journal:
            journal.begin(STACKS)
            journal.ended("a", "digest-a")
            journal.ended("b", "digest-b")
            journal.started("c")
    forget(tmp_path, ["b", "c"])
    for shard in shards:
        with Journal(tmp_path, shard) as journal:
            assert journal.past is not None
            assert journal.past.done == {"a": "digest-a"}
            assert list(journal.past.cut_short) == ["c"]


def test_where_nothing_was_rolled_out_there_is_nothing_to_forget(tmp_path: Path) -> None:
    forget(tmp_path, ["a"])
    assert not list(tmp_path.iterdir())


def test_a_stack_that_somebody_else_held_was_not_cut_short(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.started("a")
        journal.locked("a")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert not journal.past.cut_short


def test_a_stack_that_was_cut_short_stays_so_while_its_lock_is_held(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.started("a")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        began = journal.past.cut_short["a"]
        journal.started("a")
        journal.locked("a")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert journal.past.cut_short == {"a": began}


def test_a_resumed_rollout_adds_to_the_past(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.started("a")
    with Journal(tmp_path, WHOLE) as journal:
        journal.started("a")
        journal.ended("a", "digest-a")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert journal.past.done == {"a": "digest-a"}
        assert not journal.past.cut_short


def test_a_stack_that_failed_when_run_again_is_not_done(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.ended("a", "digest-a")
        journal.started("a")
        journal.ended("a", None)
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert not journal.past.done


def test_a_new_rollout_forgets_the_one_before(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.ended("a", "digest-a")
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(("b",))
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert (journal.past.stacks, journal.past.done) == (("b",), {})


def test_a_new_rollout_still_knows_when_a_killed_one_started_what_it_never_ended(
    tmp_path: Path,
) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.started("a")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        began = journal.past.cut_short["a"]
        journal.begin(STACKS)
        journal.started("a")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert journal.past.cut_short == {"a": began}


@pytest.mark.parametrize("torn", [1, 10, 30])
def test_a_line_cut_short_by_a_kill_hides_no_other(tmp_path: Path, torn: int) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.ended("a", "digest-a")
        journal.ended("b", "digest-b")
    file = file_of(tmp_path)
    file.write_bytes(file.read_bytes()[:-torn])
    with Journal(tmp_path, WHOLE) as journal:
        journal.ended("c", "digest-c")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert {"a", "c"} <= set(journal.past.done)


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "7",
        "null",
        "{}",
        '{"stacks": 1}',
        '{"stacks": [1]}',
        '{"stack": "a"}',
        '{"stack": "a", "event": "paused"}',
        '{"stack": ["a"], "event": "failed"}',
        '{"stack": "a", "event": "started"}',
        '{"stack": "a", "event": "started", "at": "soon"}',
        '{"stack": "a", "event": "started", "at": "2026-11-24T06:00:00"}',
        '{"stack": "a", "event": "succeeded"}',
        "[" * 100_000,
        "\udcff",
    ],
)
def test_a_line_that_is_not_understood_is_left_out_and_known(tmp_path: Path, line: str) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        journal.ended("a", "digest-a")
    with file_of(tmp_path).open("ab") as file:
        file.write(line.encode(errors="surrogateescape") + b"\n")
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.unread == [3]
        assert journal.past is not None
        assert (journal.past.stacks, journal.past.done) == (STACKS, {"a": "digest-a"})


def test_each_line_is_in_the_file_before_the_call_returns(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
        assert file_of(tmp_path).read_text() == '{"stacks": ["a", "b", "c"]}\n'


def test_two_rollouts_of_a_project_at_once_are_refused(tmp_path: Path) -> None:
    with Journal(tmp_path, WHOLE), pytest.raises(RolloutError, match="Another `rollout up` runs"):
        Journal(tmp_path, WHOLE)


def test_a_journal_without_a_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(RolloutError, match=r"The journal can't be kept in .*: File exists"):
        Journal(tmp_path, WHOLE)


def test_shards_have_journals_of_their_own(tmp_path: Path) -> None:
    with Journal(tmp_path, Shard(0, 2)) as first, Journal(tmp_path, Shard(1, 2)) as second:
        first.begin(("a",))
        second.begin(("b",))
    with Journal(tmp_path, Shard(1, 2)) as journal:
        assert journal.past is not None
        assert journal.past.stacks == ("b",)


def test_git_ignores_the_folder(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    with Journal(tmp_path, WHOLE) as journal:
        journal.begin(STACKS)
    status = [*git, "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, check=True, capture_output=True, text=True).stdout == ""
