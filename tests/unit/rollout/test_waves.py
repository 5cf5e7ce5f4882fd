from pathlib import Path

import pytest

from rollout.choosing.waves import Wave, place, read_waves
from rollout.errors import RolloutError
from tests.unit.rollout.conftest import WriteStacks

STACKS = ("acct-01", "acct-02", "dev", "prod")


def waves_of(project: WriteStacks, text: str) -> tuple[Wave, ...]:
    return read_waves(project(*STACKS, waves=text))


def faults_of(project: WriteStacks, text: str) -> list[str]:
    with pytest.raises(RolloutError) as caught:
        waves_of(project, text)
    return str(caught.value).splitlines()


def placed(waves: tuple[Wave, ...]) -> dict[str, tuple[str, ...]]:
    return {one.wave.name: one.stacks for one in place(waves, STACKS).placed}


def test_without_a_file_all_stacks_are_one_wave(project: WriteStacks) -> None:
    found = place(read_waves(project(*STACKS)), STACKS)
    assert [one.stacks for one in found.placed] == [STACKS]
    assert not list(found.findings())


def test_a_file_says_names_limits_and_pauses(project: WriteStacks) -> None:
    text = """
        waves:
          - {name: canary, stacks: [dev], parallel: 2, stopAfterFailures: 1, pauseSeconds: 0.5}
          - stacks: ['acct-*', prod]
    """
    canary, rest = waves_of(project, text)
    assert (canary.name, canary.parallel) == ("canary", 2)
    assert (canary.stop_after_failures, canary.pause_seconds) == (1, 0.5)
    assert (rest.name, rest.parallel, rest.stop_after_failures, rest.pause_seconds) == (
        "wave 2",
        None,
        None,
        0,
    )
    assert placed((canary, rest)) == {"canary": ("dev",), "wave 2": ("acct-01", "acct-02", "prod")}


def test_everything_wrong_with_the_file_is_told_at_once(project: WriteStacks) -> None:
    text = """
        waves:
          - {stacks: [], paralel: 2}
          - {stacks: dev, parallel: 0}
          - {parallel: many, stopAfterFailures: true, pauseSeconds: -1}
        wave: 1
    """
    keys = "name, stacks, parallel, stopAfterFailures, pauseSeconds"
    assert faults_of(project, text) == [
        "rollout.yaml: waves[0].stacks: is empty",
        f"rollout.yaml: waves[0].paralel: is not a known key; known keys: {keys}",
        "rollout.yaml: waves[1].stacks: 'dev' is not a list",
        "rollout.yaml: waves[1].parallel: 0 is too small; 1 is the least",
        "rollout.yaml: waves[2].stacks: is missing",
        "rollout.yaml: waves[2].parallel: 'many' is not a whole number",
        "rollout.yaml: waves[2].stopAfterFailures: true is not a whole number",
        "rollout.yaml: waves[2].pauseSeconds: -1 is too small; 0 is the least",
        "rollout.yaml: wave: is not a known key; known keys: waves",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file: null is not a mapping"),
        ("- a", 'the file: ["a"] is not a mapping'),
        ("waves:", "waves: null is not a list"),
        ("waves: []", "waves: is empty"),
        ("waves: [{stacks: [1]}]", "waves[0].stacks[0]: 1 is not text; quote it"),
        (
            "waves: [{name: a, stacks: [x]}, {name: a, stacks: [y]}]",
            "waves: two have the name 'a'",
        ),
    ],
)
def test_a_file_of_another_form_is_refused(project: WriteStacks, text: str, fault: str) -> None:
    assert faults_of(project, text) == [f"rollout.yaml: {fault}"]


def test_a_file_that_is_no_yaml_is_refused_without_a_traceback(project: WriteStacks) -> None:
    (fault,) = faults_of(project, "waves: [")
    assert fault.startswith("rollout.yaml: file: can't be read: line 1: ")


def test_a_file_that_is_no_text_is_refused_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "rollout.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RolloutError, match=r"rollout\.yaml: file: can't be read: line 1: "):
        read_waves(tmp_path)


def test_unknown_stacks_stacks_in_no_wave_and_in_two_are_told() -> None:
    waves = (
        Wave(name="first", stacks=("dev", "stage")),
        Wave(name="second", stacks=("acct-*", "eu-*", "dev")),
    )
    found = place(waves, STACKS)
    assert [str(finding) for finding in found.findings()] == [
        "waves[0].stacks[1]: 'stage' matches no stack",
        "waves[1].stacks[1]: 'eu-*' matches no stack",
        "waves: the stack dev is in 2 waves: first, second",
        "waves: the stack prod is in no wave",
    ]
    assert found.unsure == {"dev": ("first", "second"), "prod": ()}
    assert [str(finding) for finding in found.findings(["prod"])] == [
        "waves: the stack prod is in no wave"
    ]


def test_stacks_that_are_in_no_wave_are_told_in_one_line() -> None:
    found = place((Wave(name="first", stacks=("dev",)),), STACKS)
    assert [str(finding) for finding in found.findings()] == [
        "waves: acct-01, acct-02, prod are in no wave"
    ]


def test_a_stack_in_two_waves_runs_once_and_one_in_none_has_a_place_for_previews() -> None:
    waves = (Wave(name="first", stacks=("dev",)), Wave(name="second", stacks=("acct-*", "dev")))
    found = place(waves, STACKS)
    assert [one.stacks for one in found.placed] == [("dev",), ("acct-01", "acct-02"), ("prod",)]
    assert found.wave_of("prod") == ""


def test_a_star_alone_and_last_is_the_rest_and_no_overlap() -> None:
    waves = (Wave(name="first", stacks=("dev",)), Wave(name="rest", stacks=("*",)))
    found = place(waves, STACKS)
    assert placed(waves) == {"first": ("dev",), "rest": ("acct-01", "acct-02", "prod")}
    assert not list(found.findings())


def test_a_star_that_is_not_last_overlaps() -> None:
    waves = (Wave(name="all", stacks=("*",)), Wave(name="last", stacks=("prod",)))
    assert place(waves, STACKS).unsure == {"prod": ("all", "last")}
