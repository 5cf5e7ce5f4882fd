import signal

import pytest

from rollout.result import Exit, Report, Result, Status, failed, skipped

CHANGED = Result(Status.SUCCEEDED, {"create": 2}, 1.26)
ABSENT = Result(Status.NOT_DEPLOYED, seconds=0.3)
SAME = Result(Status.SUCCEEDED, seconds=0.5)


def test_the_json_has_exactly_the_documented_keys() -> None:
    assert Report({"a": CHANGED, "b": failed("no", 2), "c": skipped("stopped")}).to_json() == {
        "stacks": {
            "a": {"status": "succeeded", "changes": {"create": 2}, "seconds": 1.3, "error": None},
            "b": {"status": "failed", "changes": {}, "seconds": 2, "error": "no"},
            "c": {"status": "not reached", "changes": {}, "seconds": 0.0, "error": "stopped"},
        }
    }


@pytest.mark.parametrize(
    ("results", "tell_changes", "code"),
    [
        ([], True, Exit.DONE),
        ([CHANGED, SAME], False, Exit.DONE),
        ([CHANGED, SAME], True, Exit.CHANGES),
        ([SAME], True, Exit.DONE),
        ([CHANGED, failed("no")], True, Exit.FAILED),
        ([SAME, skipped("not started: interrupted")], False, Exit.FAILED),
        ([SAME, skipped(None)], True, Exit.DONE),
        ([SAME, ABSENT], False, Exit.DONE),
        ([SAME, ABSENT], True, Exit.CHANGES),
    ],
)
def test_exit_codes(results: list[Result], tell_changes: bool, code: int) -> None:  # noqa: FBT001
    report = Report({str(number): result for number, result in enumerate(results)})
    assert report.exit_code(tell_changes=tell_changes) == code


def test_after_a_signal_the_exit_code_is_a_shells() -> None:
    assert Report({"a": SAME}, signal.SIGTERM).exit_code() == 143
