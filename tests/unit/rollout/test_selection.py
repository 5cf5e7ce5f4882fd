from dataclasses import replace
from pathlib import Path

import pytest

from rollout.choosing.changed import Change
from rollout.choosing.selection import PARALLEL, Batch, Options, Selection, choose
from rollout.choosing.shard import Shard
from rollout.errors import RolloutError
from tests.unit.rollout.conftest import WriteStacks

WAVES = """
waves:
  - {name: canary, stacks: [dev], stopAfterFailures: 1, pauseSeconds: 3}
  - {name: accounts, stacks: ['acct-*'], parallel: 3}
"""


@pytest.fixture
def root(project: WriteStacks) -> Path:
    return project("acct-1", "acct-2", "acct-3", "dev", waves=WAVES)


def chosen(root: Path, options: Options) -> tuple[str, ...]:
    return tuple(choose(root, options, lambda _: None).members)


def test_all_stacks_come_in_the_order_of_their_waves(root: Path) -> None:
    assert chosen(root, Options()) == ("dev", "acct-1", "acct-2", "acct-3")


def test_a_wave_can_be_chosen_by_name(root: Path) -> None:
    assert chosen(root, Options(waves=("accounts",))) == ("acct-1", "acct-2", "acct-3")


def test_an_unknown_wave_is_refused_with_those_that_there_are(root: Path) -> None:
    with pytest.raises(RolloutError, match="no wave 'prod'; there are canary, accounts"):
        chosen(root, Options(waves=("prod",)))


def test_shards_share_out_what_the_globs_choose(root: Path) -> None:
    options = Options(patterns=("acct-*",))
    parts = [chosen(root, replace(options, shard=Shard(index, 2))) for index in range(2)]
    assert parts == [("acct-1", "acct-3"), ("acct-2",)]


def test_batches_are_the_waves_with_their_limits(root: Path) -> None:
    selection = choose(root, Options(patterns=("dev", "acct-1")), lambda _: None)
    assert selection.in_waves(None) == [
        Batch("canary", ("dev",), PARALLEL, 1, 3),
        Batch("accounts", ("acct-1",), 3),
    ]


def test_the_parallel_option_rules_over_the_waves(root: Path) -> None:
    selection = choose(root, Options(), lambda _: None)
    assert {batch.parallel for batch in selection.in_waves(9)} == {9}


def test_what_changes_nothing_is_one_batch_without_limits(root: Path) -> None:
    selection = choose(root, Options(), lambda _: None)
    assert selection.together(None) == [
        Batch("all", ("dev", "acct-1", "acct-2", "acct-3"), PARALLEL)
    ]


def test_oddities_are_told_and_a_stack_without_a_wave_is_not_deployed(
    project: WriteStacks,
) -> None:
    root = project("acct-1", "dev", "stray", waves=WAVES)
    told: list[str] = []
    selection = choose(root, Options(), told.append)
    assert told == ["rollout.yaml: waves: the stack stray is in no wave"]
    assert selection.together(None)[0].stacks == ("dev", "acct-1", "stray")
    with pytest.raises(
        RolloutError, match="in one wave before it is changed; these are not: stray"
    ):
        selection.in_waves(None)


@pytest.mark.parametrize(
    ("names", "patterns", "removed"),
    [
        (("dev", "prod"), (), ("Pulumi.old-1.yaml", "Pulumi.old-2.yaml")),
        (("dev", "prod"), ("*-1", "dev"), ("Pulumi.old-1.yaml",)),
        (("dev", "prod"), ("old-2",), ("Pulumi.old-2.yaml",)),
        (("dev", "prod"), ("dev",), ()),
        ((), (), ("Pulumi.old-1.yaml", "Pulumi.old-2.yaml")),
    ],
)
def test_deleted_files_of_the_stacks_that_are_meant_are_known(
    project: WriteStacks,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    patterns: tuple[str, ...],
    removed: tuple[str, ...],
) -> None:
    paths = frozenset({"Pulumi.old-1.yaml", "Pulumi.old-2.yaml", "README.md"})
    monkeypatch.setattr("rollout.choosing.selection.changed_since", lambda *_: Change(paths))
    told: list[str] = []
    selection = choose(
        project(*names), Options(patterns=patterns, changed_since="main"), told.append
    )
    assert (selection.removed_files, tuple(selection.members)) == (removed, ())
    assert told == []  # the report tells them


def test_a_stack_without_a_wave_is_in_nobody_elses_way(project: WriteStacks) -> None:
    root = project("acct-1", "dev", "stray", waves=WAVES)
    selection: Selection = choose(root, Options(patterns=("dev",)), lambda _: None)
    assert [batch.stacks for batch in selection.in_waves(None)] == [("dev",)]
