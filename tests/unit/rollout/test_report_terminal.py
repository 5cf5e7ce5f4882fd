"""What a preview prints, compared to the letter with the files in `snapshots`.

After a change that is meant, `ROLLOUT_UPDATE_SNAPSHOTS=1 pytest tests/unit/rollout` writes them.
"""

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

from rollout.reporting.groups import groups
from rollout.reporting.tables import show_results
from rollout.reporting.terminal import access_total
from rollout.result import Report, Result, Status, Step, failed
from tests.unit.rollout.reports import fleet, previewed

SNAPSHOTS: Final = Path(__file__).parent / "snapshots"


def printed(results: Mapping[str, Result], kind: str, width: int, *, access: bool = True) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        force_terminal=kind != "log",
        color_system="standard" if kind == "color" else None,
        width=width,
        highlight=False,
        markup=False,
        _environ={},
    )
    show_results(console, Report(results), steps=True, access=access)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("kind", ["color", "plain", "log"])
def test_the_report_is_as_in_its_snapshot(kind: str, width: int) -> None:
    text = printed(fleet(), kind, width)
    snapshot = SNAPSHOTS / f"preview-{kind}-{width}.txt"
    if os.environ.get("ROLLOUT_UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 160])
def test_sentences_are_wrapped_on_a_terminal_and_stay_whole_in_a_log(width: int) -> None:
    results = {name: result for name, result in fleet().items() if result.error is None}
    assert max(map(len, printed(results, "plain", width).splitlines())) <= width
    told = [str(one) for group in groups(Report(results)) for one in group.lines or ()]
    sentence = max(told, key=len)
    assert len(sentence) > width
    assert sentence in printed(results, "log", width)


def test_a_change_that_a_terminal_wraps_goes_on_further_in() -> None:
    made = Step("create", "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "circleci")
    lines = printed({"dev": previewed(steps=(made,))}, "plain", 45).splitlines()
    assert lines[lines.index("  create aws:iam:OpenIdConnectProvider") + 1] == "    circleci"


def test_color_changes_no_word() -> None:
    text = Console(file=io.StringIO(), color_system=None)
    colored = printed(fleet(), "color", 80)
    text.print(colored)
    assert "\x1b[" in colored
    assert _without_color(colored) == printed(fleet(), "plain", 80)


def _without_color(text: str) -> str:
    parts = text.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


def test_what_a_terminal_would_obey_is_shown_instead() -> None:
    evil = previewed(("ci", "wider", "gains s3:GetObject on acme/\x1b[2J\n- ci loses all"))
    text = printed({"dev": evil}, "plain", 80)
    assert "\x1b" not in text
    assert "+ ci gains s3:GetObject on acme/\\x1b[2J\\n- ci loses all (WIDER)" in text


def test_results_without_a_preview_say_nothing_of_access() -> None:
    results = {"dev": Result(Status.SUCCEEDED, {"create": 1}, 1.0)}
    assert "access" not in printed(results, "plain", 80, access=False)


def test_of_what_failed_nobody_knows_what_becomes_of_access() -> None:
    for results in ({"dev": failed("no")}, {"dev": failed("no"), "prod": previewed(steps=())}):
        text = printed(results, "plain", 80)
        assert "access: unknown in 1 stack\n" in text
        assert re.search("dev +failed +unknown", text)
    assert "stays as it is" not in text


def test_a_deleted_stack_file_is_told_with_what_it_leaves() -> None:
    file = io.StringIO()
    report = Report({}, removed_files=("Pulumi.old.yaml",))
    show_results(Console(file=file), report, steps=True, access=True)
    assert file.getvalue().splitlines()[0] == "0 stacks"
    assert file.getvalue().splitlines()[-1] == (
        "warning: deleted: Pulumi.old.yaml: the resources of this file stay in AWS, "
        "unmanaged. To delete them: restore the file, run `python -m rollout destroy old`, "
        "then delete the file."
    )
    assert "access: " not in file.getvalue()
    assert report.to_json() == {"stacks": {}, "removedFiles": ["Pulumi.old.yaml"]}


def test_in_a_pipe_no_row_of_a_table_is_wrapped_or_padded() -> None:
    name = "a-stack-with-a-name-" * 6
    text = printed({name: previewed(steps=()), "b": previewed(steps=())}, "log", 80)
    assert f"{name}  succeeded  none     access stays  1.3 s\n" in text
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_the_last_line_says_in_how_many_stacks_access_changes() -> None:
    assert str(access_total(Report(fleet()))) == (
        "access: breaks in 1 stack, wider in 14 stacks, narrower in 1 stack, unknown in 2 stacks"
    )
    assert str(access_total(Report({"dev": previewed()}))) == "access: stays as it is"
