import io
import json
import re
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from rollout import cli
from rollout.choosing.changed import Change
from rollout.choosing.shard import INDEX, TOTAL
from rollout.execution.command import carry_out
from rollout.execution.journal import FOLDER
from rollout.execution.run import Run
from rollout.execution.task import Operation
from rollout.result import Report
from tests.unit.rollout.conftest import GUARDED, WriteStacks
from tests.unit.rollout.reports import previewed


@dataclass(frozen=True)
class Ran:
    """One command line and what came of it."""

    code: int
    out: str
    err: str


Rollout = Callable[..., Ran]


@pytest.fixture
def rollout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rollout:
    """Runs a command line where nobody can be asked."""
    for name in (INDEX, TOTAL):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(root: Path, *args: str) -> Ran:
        monkeypatch.chdir(root)
        monkeypatch.setattr("sys.argv", ["rollout", *args])
        code = cli.main()
        captured = capsys.readouterr()
        return Ran(code, captured.out, " ".join(captured.err.split()))

    return run


def test_list_shows_waves_accounts_and_what_keeps_a_stack_from_being_deployed(
    rollout: Rollout, project: WriteStacks
) -> None:
    waves = "waves: [{name: canary, stacks: [dev]}, {stacks: ['*']}]"
    root = project("dev", bad={"aws:region": "eu-west-1"}, waves=waves)
    ran = rollout(root, "list")
    assert ran.code == 1
    assert [line.split() for line in ran.out.splitlines()][:3] == [
        ["stack", "wave", "account", "region"],
        ["dev", "canary", "111111111111", "eu-west-1"],
        ["bad", "wave", "2", "?", "eu-west-1"],
    ]
    assert "Pulumi.bad.yaml: aws:allowedAccountIds: is missing" in ran.out


def test_list_as_json_is_one_object(rollout: Rollout, project: WriteStacks) -> None:
    ran = rollout(project("dev"), "list", "--json")
    place = {"wave": "all", "account": "111111111111", "region": "eu-west-1", "error": None}
    assert json.loads(ran.out) == {"stacks": {"dev": place}}


@pytest.mark.parametrize(
    "args",
    [["--stacks", "a", "--stacks", "c*"], ["--stacks", "a", "c*"], ["a", "c*"], ["-s", "a", "c1"]],
)
def test_stacks_are_named_in_whichever_way(
    rollout: Rollout, project: WriteStacks, args: list[str]
) -> None:
    ran = rollout(project("a", "b", "c1"), "list", "--json", *args)
    assert list(json.loads(ran.out)["stacks"]) == ["a", "c1"]


def test_circleci_nodes_share_the_stacks_out(
    rollout: Rollout, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project("a", "b", "c")
    monkeypatch.setenv(TOTAL, "2")
    found = []
    for node in ("0", "1"):
        monkeypatch.setenv(INDEX, node)
        ran = rollout(root, "list", "--json")
        assert f"Shard {node}/2: " in ran.err
        found.append(list(json.loads(ran.out)["stacks"]))
    assert found == [["a", "c"], ["b"]]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["preview", "nothing-*"], "No stack for 'nothing-*'; the stacks here are: dev."),
        (["preview", "--shard", "4/4"], "--shard: '4/4' is not a shard"),
        (["preview", "--wave", "x"], "there is no wave 'x'; there are all"),
        (["preview", "--parallel", "0"], "--parallel"),
        (["preview", "--unknown"], "--unknown"),
        (["nonsense"], "nonsense"),
        (["up"], "Deploy 1 stack: add --yes, since nobody can confirm here."),
        (["destroy"], "Destroy 1 stack: add --yes"),
        (["up", "--resume", "--yes"], "There is no rollout to resume"),
    ],
)
def test_what_cannot_start_is_told_and_ends_with_1_and_an_empty_stdout(
    rollout: Rollout, project: WriteStacks, args: list[str], message: str
) -> None:
    ran = rollout(project("dev"), *args, *(["--json"] if args != ["nonsense"] else []))
    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_outside_of_a_project_it_says_where_to_go(rollout: Rollout, tmp_path: Path) -> None:
    ran = rollout(tmp_path, "list")
    assert ran.code == 1
    assert "run rollout in the project's root" in ran.err


def test_a_rollout_that_is_refused_leaves_an_earlier_ones_journal(
    rollout: Rollout, project: WriteStacks
) -> None:
    root = project("dev")
    journal = root / FOLDER / "up.jsonl"
    journal.parent.mkdir()
    journal.write_text('{"stacks": ["dev"]}\n')
    rollout(root, "up")
    assert journal.read_text() == '{"stacks": ["dev"]}\n'


def test_a_stack_without_a_guard_fails_without_an_engine(
    rollout: Rollout, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    root = project(dev={"aws:region": "eu-west-1"})
    for command in (("preview",), ("drift",), ("destroy", "--yes")):
        ran = rollout(root, *command, "--json")
        assert ran.code == 1
        (result,) = json.loads(ran.out)["stacks"].values()
        assert result["status"] == "failed"
        assert result["error"].startswith("Pulumi.dev.yaml: aws:allowedAccountIds: is missing")


BAD = {**GUARDED, "identities": {"ci": {"kind": "usr"}}}


def test_up_starts_nothing_while_a_stack_that_it_is_for_is_wrong(
    rollout: Rollout, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    root = project("dev", bad=BAD, worse=BAD)
    ran = rollout(root, "up", "dev", "bad", "--yes", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "Pulumi.bad.yaml: identities.ci.kind: 'usr' is not one of user, role" in ran.err
    assert "Nothing was started: some stacks can't be deployed. --skip-broken" in ran.err
    assert "Pulumi.worse.yaml" not in ran.err
    assert "dev started" not in ran.err
    assert (root / FOLDER / "up.jsonl").read_text() == ""


def test_up_leaves_out_what_is_wrong_if_told_to_and_ends_with_1(
    rollout: Rollout, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    ran = rollout(project("dev", bad=BAD), "up", "bad", "--skip-broken", "--yes", "--json")
    assert ran.code == 1
    assert "Nothing was started: no stack is left that can be deployed." in ran.err
    (result,) = json.loads(ran.out)["stacks"].values()
    assert result["status"] == "not reached"
    assert "Pulumi.bad.yaml: identities.ci.kind: 'usr'" in result["error"]
    ran = rollout(project("dev", bad=BAD), "up", "--skip-broken")
    assert "Deploy 1 stack: add --yes" in ran.err


def test_what_a_file_says_can_not_write_to_the_terminal(
    rollout: Rollout, project: WriteStacks
) -> None:
    evil = "\x1b[2J[bold]x[/bold]\u202e"
    waves = json.dumps({"waves": [{"name": evil, "stacks": ["*"]}]})
    root = project(dev={**GUARDED, "aws:region": evil, "identities": {}}, waves=waves)
    listed = rollout(root, "list")
    assert listed.out.count("\\x1b[2J[bold]x[/bold]\\u202e") == 2
    refused = rollout(root, "list", "--wave", "\x1b[31mno")
    assert "there is no wave '\\x1b[31mno'; there are \\x1b[2J[bold]x[/bold]\\u202e" in refused.err
    twice = json.dumps(
        {"waves": [{"name": evil, "stacks": ["a"]}, {"name": evil, "stacks": ["*"]}]}
    )
    said = [listed, refused, rollout(project("dev", waves=twice), "list")]
    assert "two have the name '\\x1b[2J" in said[-1].err
    assert not [ran for ran in said if "\x1b" in ran.out + ran.err or "\u202e" in ran.out + ran.err]


COMMAND = "\n::error::made up"


@pytest.mark.usefixtures("rollout")
def test_what_an_error_quotes_can_not_begin_a_line(
    project: WriteStacks,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where `::error::` begins a line of a log, GitHub takes it for a command."""
    root = project("dev", waves=json.dumps({"waves": [{"name": f"a{COMMAND}", "stacks": ["*"]}]}))
    identities = {f"ci{COMMAND}": {"kind": "user"}}
    project(odd={**GUARDED, "circleci-s3-access:identities": identities})
    change = Change(frozenset({f"a{COMMAND}.py", f"Pulumi.{COMMAND}.yaml"}))
    monkeypatch.setattr("rollout.choosing.selection.changed_since", lambda *_: change)
    asked = ("s3:GetObject", "s3://b/k", "--stack", "dev", "--identity", f"x{COMMAND}")
    for args in (
        ("list", "--wave", "no"),
        ("list", "--changed-since", "main"),
        ("list", f"x{COMMAND}"),
        ("list", "--shard", COMMAND),
        ("can", *asked),
        ("up", "--yes"),
    ):
        monkeypatch.chdir(root)
        monkeypatch.setattr("sys.argv", ["rollout", *args])
        cli.main()
        said = capsys.readouterr()
        lines = (said.out + said.err).splitlines()
        assert any("\\n::error::made up" in line for line in lines), args
        assert not [line for line in lines if line.lstrip().startswith("::")], args


def test_an_error_of_several_lines_stays_so(rollout: Rollout, project: WriteStacks) -> None:
    waves = json.dumps({"waves": [{"stacks": ["*"], "a": 1, "b": 2}]})
    error = rollout(project("dev", waves=waves), "list").err
    assert error.count("rollout.yaml: waves[0].") == 2
    assert "\\n" not in error


def test_an_odd_line_of_the_journal_is_said(rollout: Rollout, project: WriteStacks) -> None:
    root = project("dev")
    journal = root / FOLDER / "up.jsonl"
    journal.parent.mkdir()
    journal.write_text('[]\n{"stacks": []}\n')
    ran = rollout(root, "up", "--resume", "--yes")
    assert ran.code == 0
    assert ".rollout/up.jsonl: line 1 can't be read and is ignored." in ran.err


@pytest.mark.parametrize("command", ["preview", "drift", "up", "destroy"])
def test_no_account_is_shown_where_none_may_be(
    rollout: Rollout, project: WriteStacks, command: str
) -> None:
    roles = [{"roleArn": "arn:aws:iam::222222222222:role/deploy"}]
    accounts = {"aws:allowedAccountIds": ["111111111111"], "aws:assumeRoles": roles}
    ask = ["--yes"] if command in {"up", "destroy"} else []
    ran = rollout(project(dev=accounts), command, "--redact", *ask)
    assert ran.code == 1
    assert "end in account xxxxxxxxxxx1" in ran.out + ran.err
    assert not re.search("[12]{12}", ran.out + ran.err)


class Terminal:
    """A terminal at which somebody answers, or presses a key that ends the command."""

    def __init__(self, answer: str | BaseException) -> None:
        self._answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self, *_: object) -> str:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


def test_the_question_shows_no_account_where_none_may_be(
    rollout: Rollout, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project("acct-444444444444")
    for redact, name in ((["--redact"], "acct-xxxxxxxxxxx1"), ([], "acct-444444444444")):
        monkeypatch.setattr("sys.stdin", Terminal("n\n"))
        ran = rollout(root, "destroy", *redact)
        assert f"Destroy 1 stack ({name})? [y/N]:" in ran.err
        assert ("444444444444" in ran.out + ran.err) is not bool(redact)
        assert ran.err.endswith("Nothing was done.")


def test_with_nothing_changed_there_is_nothing_to_do(
    rollout: Rollout, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollout.choosing.selection.changed_since", lambda *_: Nothing())
    ran = rollout(project("dev"), "up", "--yes", "--json", "--changed-since", "main")
    assert (ran.code, json.loads(ran.out)) == (0, {"stacks": {}})
    assert "There is nothing to do." in ran.err


def test_a_pull_request_that_deletes_a_stacks_file_is_told_so_in_its_comment(
    rollout: Rollout, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = Change(frozenset({"Pulumi.old.yaml"}))
    monkeypatch.setattr("rollout.choosing.selection.changed_since", lambda *_: change)
    root = project("dev")
    comment = root / "comment.md"
    args = ("--changed-since", "main", "--json", "--fail-on-breaks", "--markdown", str(comment))
    ran = rollout(root, "preview", *args)
    assert (ran.code, json.loads(ran.out)) == (
        0,
        {"stacks": {}, "removedFiles": ["Pulumi.old.yaml"]},
    )
    assert "warning: deleted: Pulumi.old.yaml: the resources of this file stay in AWS" in ran.err
    assert "### Preview of 0 stacks, 1 stack file deleted\n" in comment.read_text()
    assert "**Deleted:** `Pulumi.old.yaml`: the resources of this file stay" in comment.read_text()
    assert ran.err.count("Pulumi.old.yaml") == 1
    listed = rollout(root, "list", "--changed-since", "main")
    assert (listed.code, listed.out.count("Pulumi.old.yaml")) == (0, 1)


@pytest.mark.parametrize(
    ("answer", "code", "end"),
    [
        ("n\n", 1, "[y/N]:Nothing was done.\n"),
        (EOFError(), 1, "[y/N]:\nNothing was done.\n"),
        (KeyboardInterrupt(), 130, "[y/N]:\nNothing was done.\n"),
    ],
)
def test_who_does_not_confirm_is_told_that_nothing_was_done(
    project: WriteStacks,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str | BaseException,
    code: int,
    end: str,
) -> None:
    monkeypatch.chdir(project("dev"))
    monkeypatch.setattr("sys.argv", ["rollout", "destroy"])
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert cli.main() == code
    assert capsys.readouterr().err.endswith(end)


def test_what_up_leaves_out_is_told_before_it_asks(
    project: WriteStacks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without_an_engine(run: Run, console: Console) -> Report:
        is_preview = run.operation is Operation.PREVIEW
        return Report({"dev": previewed()}) if is_preview else carry_out(run, console)

    monkeypatch.setattr(cli, "carry_out", without_an_engine)
    monkeypatch.chdir(project("dev", bad=BAD))
    monkeypatch.setattr("sys.argv", ["rollout", "up", "--skip-broken"])
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert cli.main() == 1
    before, question, _ = capsys.readouterr().err.partition("Deploy 1 stack (dev)?")
    assert question
    told = before.partition("\nleft out: bad\n")[2]
    assert "  Pulumi.bad.yaml: identities.ci.kind: 'usr' is not one of user, role\n" in told


class InterruptedImport:
    """Finds a module, and is interrupted while it is loaded."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "rollout.cli":
            raise KeyboardInterrupt


def test_an_interrupt_while_the_program_is_loaded_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "rollout.cli")
    monkeypatch.setattr("sys.meta_path", [InterruptedImport(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("rollout", run_name="__main__")
    assert (ended.value.code, capsys.readouterr().err) == (130, "\nInterrupted.\n")


class Nothing:
    """A change of nothing."""

    program = ()

    def deleted_stacks(self, _root: Path) -> tuple[str, ...]:
        return ()

    def of(self, _stacks: object) -> tuple[str, ...]:
        return ()
