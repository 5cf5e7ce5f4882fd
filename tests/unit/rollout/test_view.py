import io

import pytest
from rich.console import Console

from rollout.reporting.tables import show_results
from rollout.reporting.view import LiveView, View, outcome, view_on
from rollout.result import Report, Result, Status, Step, failed, skipped

CHANGED = Result(Status.SUCCEEDED, {"create": 2, "update": 1}, 1.26)


def console(*, terminal: bool, width: int = 80) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=width,
        color_system=None,
        highlight=False,
        markup=False,
        _environ={},
    )


def written(to: Console) -> str:
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def play(view: View) -> None:
    with view:
        view.say("Shard 0/2: 3 of 6 stacks.")
        view.started("dev")
        view.progressed("dev", "create ci-user")
        view.started("prod")
        view.progressed("prod", "waits, locked by somebody")
        view.progressed("prod", "was locked by somebody, which is dead: unlocking")
        view.ended("dev", CHANGED)
        view.ended("prod", failed("first line\nsecond", 2))
        view.ended("stray", skipped("not started: 1 failure in all"))


def test_a_log_has_a_line_for_each_start_and_end() -> None:
    log = console(terminal=False)
    play(view_on(log, 3))
    assert written(log).splitlines() == [
        "Shard 0/2: 3 of 6 stacks.",
        "dev started",
        "prod started",
        "prod waits, locked by somebody",
        "prod was locked by somebody, which is dead: unlocking",
        "[1/3] dev succeeded · 2 create, 1 update · 1.3 s",
        "[2/3] prod failed · 2.0 s · first line",
        "[3/3] stray not reached · not started: 1 failure in all",
    ]


def test_a_terminal_shows_what_runs_and_keeps_what_ended() -> None:
    terminal = console(terminal=True)
    view = LiveView(terminal, 3, clock=lambda: 7.0)
    play(view)
    text = written(terminal)
    assert "dev succeeded · 2 create, 1 update · 1.3 s" in text
    assert "prod failed · 2.0 s · first line" in text


def test_the_live_part_says_what_each_running_stack_does() -> None:
    terminal = console(terminal=True)
    now = [0.0]
    view = LiveView(terminal, 3, clock=lambda: now[-1])
    view.started("dev")
    now.append(4.0)
    view.progressed("dev", "create ci-user")
    terminal.print(view._render())
    assert [line.rstrip() for line in written(terminal).splitlines()] == [
        "dev 4 s create ci-user",
        "0 of 3 done, 1 running, 2 to come",
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("error:\n====\n\n  creating IAM User\nmore", "creating IAM User"),
        ("error: no AWS credentials\nmore", "error: no AWS credentials"),
        ("errors occurred\n", "errors occurred"),
        ("error:", "error:"),
    ],
)
def test_of_an_error_the_first_line_that_says_something_is_shown(error: str, words: str) -> None:
    assert str(outcome("dev", failed(error))) == f"dev failed · {words}"


@pytest.mark.parametrize(
    ("terminal", "environment", "kind"),
    [
        (True, {}, LiveView),
        (False, {}, View),
        (True, {"CI": "true"}, View),
    ],
)
def test_the_view_fits_where_it_is_shown(
    terminal: bool,  # noqa: FBT001
    environment: dict[str, str],
    kind: type[View],
) -> None:
    assert isinstance(view_on(console(terminal=terminal), 1, environment), kind)


def test_the_table_counts_times_and_tells_what_failed_and_why() -> None:
    out = console(terminal=False)
    results = {
        "dev": CHANGED,
        "same": Result(Status.SUCCEEDED, seconds=0.5),
        "bad": failed("creating IAM User (ci): denied\nand more", 2),
        "late-1": skipped("not started: 1 failure in all"),
        "late-2": skipped("not started: 1 failure in all"),
        "earlier": skipped(None),
        "new": Result(Status.NOT_DEPLOYED, seconds=0.4),
    }
    show_results(out, Report(results))
    assert [line.rstrip() for line in written(out).splitlines()] == [
        "stack    status        changes              time",
        "dev      succeeded     2 create, 1 update  1.3 s",
        "same     succeeded     none                0.5 s",
        "bad      failed                            2.0 s",
        "late-1   not reached",
        "late-2   not reached",
        "earlier  done before   none",
        "new      not deployed                      0.4 s",
        "",
        "bad",
        "  creating IAM User (ci): denied",
        "  and more",
        "",
        "late-1, late-2",
        "  not started: 1 failure in all",
        "",
        ("7 stacks: 2 succeeded, 1 failed, 1 done before, 2 not reached, 1 not deployed"),
    ]


def test_stacks_that_change_alike_are_told_together_in_full_width() -> None:
    out = console(terminal=False, width=40)
    name = "a-name-that-is-longer-than-the-whole-line-is-wide-inline"
    steps = (Step("update", "aws:iam/userPolicy:UserPolicy", name),)
    other = (Step("delete", "aws:iam/user:User", "ci-user"),)
    results = {
        "one": Result(Status.SUCCEEDED, {"update": 1}, 1, steps=steps),
        "two": Result(Status.SUCCEEDED, {"delete": 1}, 1, steps=other),
        "three": Result(Status.SUCCEEDED, {"update": 1}, 1, steps=steps),
    }
    show_results(out, Report(results), steps=True)
    text = written(out)
    assert f"one, three\n  update aws:iam:UserPolicy {name}\n" in text
    assert "two\n  delete aws:iam:User ci-user\n" in text


def test_a_long_list_of_changes_is_cut_and_that_is_said() -> None:
    out = console(terminal=False)
    steps = tuple(Step("create", "aws:iam/user:User", f"user-{n:02}") for n in range(25))
    result = Result(Status.SUCCEEDED, {"create": 25}, 1, steps=steps)
    show_results(out, Report({"dev": result}), steps=True)
    assert "user-19\n  and 5 more\n" in written(out)


def test_what_a_terminal_would_obey_is_shown_as_escapes() -> None:
    """As the name of a wave, which is anybody's who may change `rollout.yaml`."""
    result = skipped("not started: 1 failure in \x1b[2J[bold]canary\x07\nmore \x1b[0m")
    for terminal in (False, True):
        screen = console(terminal=terminal)
        with (LiveView if terminal else View)(screen, 1) as view:
            view.say("wave \x1b]0;x\x07")
            view.ended("dev", result)
        shown = console(terminal=False)
        show_results(shown, Report({"dev": result}))
        assert "\\x1b]0;x\\x07" in written(screen)
        assert "\\x1b[2J[bold]canary\\x07" in written(screen)
        assert "\\x1b[2J[bold]canary\\x07\n  more \\x1b[0m" in written(shown)
        assert "\x07" not in written(screen) + written(shown)
        assert "\x1b[2J" not in written(screen) + written(shown)
