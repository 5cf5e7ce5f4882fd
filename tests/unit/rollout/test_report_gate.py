"""How a preview ends, and what of it may be told."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rollout.access.diff import Access, identity_diff
from rollout.errors import RolloutError
from rollout.reporting.markdown import markdown
from rollout.reporting.output import Output, Redactor
from rollout.reporting.view import view_on
from rollout.result import Exit, Report, Result, Status, Step, failed
from tests.unit.rollout.reports import previewed

ONE, TWO = "111111111111", "222222222222"
WIDER = previewed(("ci", "wider", "gains s3:GetObject on acme/*"))
NARROWER = previewed(("ci", "narrower", "loses s3:GetObject on acme/*"))
BREAKS = previewed(("ci", "breaks", "is replaced"), ("ci", "wider", "gains s3:GetObject on acme/*"))
SAME = previewed(steps=())


@pytest.mark.parametrize(
    ("results", "fail_on", "tell_changes", "expected"),
    [
        ((WIDER, SAME), "breaks wider", False, Exit.WIDER),
        ((WIDER, SAME), "breaks wider", True, Exit.WIDER),
        ((WIDER, SAME), "breaks", True, Exit.CHANGES),
        ((WIDER, SAME), "", False, Exit.DONE),
        ((NARROWER, SAME), "breaks wider", True, Exit.CHANGES),
        ((NARROWER, SAME), "breaks wider", False, Exit.DONE),
        ((WIDER, failed("no")), "breaks wider", True, Exit.FAILED),
        ((SAME,), "breaks wider", True, Exit.DONE),
        ((WIDER, BREAKS), "breaks wider", True, Exit.BREAKS),
        ((WIDER, BREAKS), "wider", True, Exit.WIDER),
        ((BREAKS, SAME), "breaks", False, Exit.BREAKS),
        ((BREAKS, SAME), "", True, Exit.CHANGES),
        ((BREAKS, failed("no")), "breaks", True, Exit.FAILED),
    ],
)
def test_what_breaks_jobs_and_wider_access_have_exit_codes_of_their_own(
    results: tuple[Result, ...], fail_on: str, *, tell_changes: bool, expected: Exit
) -> None:
    report = Report({str(number): result for number, result in enumerate(results)})
    code = report.exit_code(
        tell_changes=tell_changes,
        fail_on_wider="wider" in fail_on,
        fail_on_breaks="breaks" in fail_on,
    )
    assert code == expected
    assert list(Exit) == [0, 1, 2, 3, 4]


def test_the_json_has_access_where_a_preview_told_it() -> None:
    told = Report({"dev": WIDER, "prod": failed("no")}).to_json()["stacks"]
    assert told["dev"]["access"]["version"] == 1
    assert told["dev"]["access"]["wider"] == 1
    assert "access" not in told["prod"]


def report() -> Report:
    """One that names accounts wherever a report can."""
    step = Step("update", "aws:iam/role:Role", f"r-{ONE}")
    statement = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Condition": {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{ONE}:role/*"}},
    }
    policy = {**statement, "Resource": f"arn:aws:kms:eu-west-1:{TWO}:key/k"}
    trust = {**statement, "Principal": {"AWS": f"arn:aws:iam::{TWO}:root"}}
    documents = [{"Version": "2012-10-17", "Statement": [one]} for one in (policy, trust)]
    role = Access(
        "role",
        {"inline": documents[0]},
        trust=documents[1],
        boundary=f"arn:aws:iam::{ONE}:policy/b",
        access_keys=frozenset({TWO}),
    )
    access = (identity_diff(f"ci-{ONE}", None, role), identity_diff(TWO, role, None))
    return Report(
        {
            f"acct-{ONE}": replace(previewed(steps=(step,)), access=access, warnings=(ONE,)),
            f"acct-{TWO}": failed(f"Pulumi.acct-{TWO}.yaml: é{ONE}: is wrong"),
        },
        accounts={f"acct-{ONE}": ONE, f"acct-{TWO}": TWO},
        removed_files=(f"Pulumi.acct-{ONE}.yaml",),
    )


def test_no_account_is_left_anywhere_and_two_stay_two() -> None:
    redacted = Redactor().report(report())
    assert list(redacted.results) == ["acct-xxxxxxxxxxx1", "acct-xxxxxxxxxxx2"]
    for text in (json.dumps(redacted.to_json()), markdown(redacted), str(redacted)):
        assert ONE not in text
        assert TWO not in text
        assert "xxxxxxxxxxx2:key/k" in text
    whole = {status: count for status, count in _statuses(redacted).items() if count}
    assert whole == {Status.SUCCEEDED: 1, Status.FAILED: 1}


def _statuses(of: Report) -> dict[Status, int]:
    return {s: sum(one.status is s for one in of.results.values()) for s in Status}


@given(st.text(), st.integers(0, 10**12 - 1), st.text())
def test_what_is_no_account_is_left_as_it_is(before: str, number: int, after: str) -> None:
    account = f"{number:012}"
    text = f"{before.rstrip('0123456789')}-{account}-{after.lstrip('0123456789')}"
    redacted = Redactor().text(text)
    assert account not in redacted
    assert len(redacted) == len(text)
    assert Redactor().text(f"1{account} {account[:-1]}") == f"1{account} {account[:-1]}"


def test_progress_and_errors_are_redacted_too() -> None:
    file = io.StringIO()
    output = Output(redactor=Redactor())

    def run() -> None:
        with output.redacted(Console(file=file, width=80)) as console:
            console.print(f"acct-{ONE} started")
            raise RolloutError(f"acct-{ONE} is no stack")

    with pytest.raises(RolloutError, match="acct-xxxxxxxxxxx1 is no stack"):
        run()
    assert file.getvalue() == "acct-xxxxxxxxxxx1 started\n"


def test_no_part_of_an_id_is_shown_where_a_terminal_would_cut_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "48")
    monkeypatch.setenv("TERM", "xterm")
    file, output = Terminal(), Output(redactor=Redactor())
    with output.redacted(Console(file=file)) as console, view_on(console, 1, {}) as view:
        view.ended("dev", failed(f"AWS account ID not allowed: {ONE}"))
    assert "1111" not in file.getvalue()
    assert "xxxxxxxxxxx1" in file.getvalue()


def test_without_redact_nothing_is_changed() -> None:
    assert Output().of(report()) == report()


def test_a_comment_that_can_not_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(RolloutError, match=r"--markdown .*nowhere/x.md: No such file or directory"):
        Output(markdown=tmp_path / "nowhere" / "x.md").check()
    old = tmp_path / "old.md"
    old.write_text("of an earlier run")
    Output(markdown=old).check()
    assert old.read_text() == ""
