import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.choosing.shard import INDEX, TOTAL, WHOLE, Shard, parse_shard
from rollout.errors import RolloutError


@given(st.lists(st.text(min_size=1), unique=True), st.integers(1, 12))
def test_shards_together_cover_all_and_overlap_in_nothing(items: list[str], total: int) -> None:
    parts = [Shard(index, total).of(items) for index in range(total)]
    assert sorted(item for part in parts for item in part) == sorted(items)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 12))
def test_every_stretch_of_stacks_is_spread_evenly(before: int, length: int, total: int) -> None:
    wave = set(range(before, before + length))
    shards = [Shard(index, total).of(range(before + length)) for index in range(total)]
    sizes = [len(wave.intersection(shard)) for shard in shards]
    assert max(sizes) - min(sizes) <= 1


def test_without_option_and_without_circleci_all_is_one_shard() -> None:
    assert parse_shard(None, {}) == WHOLE


def test_circleci_nodes_tell_the_shard() -> None:
    assert parse_shard(None, {INDEX: "2", TOTAL: "4"}) == Shard(2, 4)


def test_the_option_rules_over_circleci() -> None:
    assert parse_shard("0/2", {INDEX: "2", TOTAL: "4"}) == Shard(0, 2)


@pytest.mark.parametrize("text", ["4/4", "1", "a/b", "-1/2", "0/0", "1/2/3", ""])
def test_what_is_no_shard_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(RolloutError, match=rf"--shard: '{text}' is not a shard; .*0/4 to 3/4"):
        parse_shard(text, {})


def test_circleci_variables_that_are_no_shard_are_named() -> None:
    with pytest.raises(RolloutError, match="CIRCLE_NODE_INDEX/CIRCLE_NODE_TOTAL: '4/4'"):
        parse_shard(None, {INDEX: "4", TOTAL: "4"})
