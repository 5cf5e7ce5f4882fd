"""What the program warns of reaches everybody who reads a preview."""

import io

from pulumi.automation.events import EngineEvent
from rich.console import Console

from rollout.execution.observer import Observer
from rollout.reporting.markdown import markdown
from rollout.reporting.output import Redactor
from rollout.reporting.tables import show_results
from rollout.result import Report, Result, Status

WARNING = "identities.ci.trust.projects: '*' lets every project in"
RESULT = Result(Status.SUCCEEDED, warnings=(WARNING,))


def event(severity: str, message: str) -> EngineEvent:
    diagnostic = {"message": message, "severity": severity, "color": "never"}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "diagnosticEvent": diagnostic})


def test_the_engines_warnings_are_kept_without_the_stacks_file_in_front() -> None:
    """So that stacks that are warned alike are told together."""
    heard = Observer(lambda _: None)
    heard.on_event(event("warning", f"<{{%reset%}}>Pulumi.acct-1.yaml: {WARNING}<{{%reset%}}>\n"))
    heard.on_event(event("info", "something else"))
    result = heard.result(None, 1.0)
    assert (result.warnings, result.error) == ((WARNING,), None)


def test_people_read_them_once_for_stacks_that_are_alike() -> None:
    text = io.StringIO()
    console = Console(file=text, width=80, highlight=False, markup=False)
    show_results(console, Report({"a": RESULT, "b": RESULT}), steps=True)
    assert "2 stacks: a, b" in text.getvalue()
    assert text.getvalue().count(f"  warning: {WARNING}") == 1


def test_reviewers_and_machines_read_them_too() -> None:
    assert f"- warning: `{WARNING}`" in markdown(Report({"a": RESULT}))
    assert RESULT.to_json("a")["warnings"] == [WARNING]
    assert "warnings" not in Result(Status.SUCCEEDED).to_json("a")


def test_no_account_id_is_in_them_where_nobody_should_see_one() -> None:
    told = Result(Status.SUCCEEDED, warnings=("of 123456789012",))
    (result,) = Redactor().report(Report({"a": told})).results.values()
    assert result.warnings == ("of xxxxxxxxxxx1",)
