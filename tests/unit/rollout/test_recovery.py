"""How an update is ended before it changes anything, and a torn backend of files is mended."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation as auto
from pulumi.automation.events import DiagnosticEvent, EngineEvent
from semver import Version

from rollout.execution import recovery
from rollout.execution.recovery import Gate, mend_file
from rollout.execution.task import Operation, Task
from tools.toolchain import Cli

WARNING = (
    "Attempting to deploy or update resources with 1 pending operations from previous deployment.\n"
)
STATE = {"deployment": {"pending_operations": ["one"]}}
TASK = Task(Operation.UP, "dev", "/project", Cli(Path("pulumi"), Version(3, 200)))


def said(message: str, severity: str = "warning") -> EngineEvent:
    return EngineEvent(0, 0, diagnostic_event=DiagnosticEvent(message, "never", severity))


class Engine:
    """An engine that tells what is logged in one of two ways: to a listener or into a file."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def Log(self, request: Any) -> None:  # noqa: N802 - the protocol's name
        self._tell(request.message)


@pytest.fixture(params=["sends", "writes"])
def update(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Gate, list[str]]]:
    """Begins an update of an engine that says something; returns what was passed on of it."""

    def begin(*messages: str, is_open: bool = False) -> tuple[Gate, list[str]]:
        passed: list[str] = []
        gate = Gate(lambda event: passed.append(str(event.diagnostic_event.message)))  # type: ignore[union-attr]
        if is_open:
            gate.open()
        log = tmp_path / "events"

        def write(message: str) -> None:
            with log.open("a") as file:
                file.write(f"{message}\n")

        tell = (lambda text: gate.on_event(said(text))) if request.param == "sends" else write
        gate.listen(["up", "--event-log", str(log)])
        monkeypatch.setattr(recovery, "get_engine", lambda: Engine(tell))
        for message in messages:
            tell(message)
        return gate, passed

    return begin


Update = Callable[..., tuple[Gate, list[str]]]


def test_an_update_with_operations_pending_ends_before_its_program(update: Update) -> None:
    gate, passed = update("before", WARNING)
    with pytest.raises(pulumi.RunError):
        gate.check(lambda: STATE)
    gate.on_event(said("the program failed", "error"))
    assert gate.state == STATE
    assert set(passed) <= {"before"}


def test_another_update_goes_on_and_reads_no_state(update: Update) -> None:
    gate, _ = update("before")
    gate.check(lambda: pytest.fail("it reads the state"))
    assert not gate.state


def test_after_it_was_settled_an_update_goes_on_whatever_the_engine_says(update: Update) -> None:
    gate, passed = update(WARNING, is_open=True)
    gate.check(lambda: pytest.fail("it reads the state"))
    gate.on_event(said("something else"))
    assert passed == ["something else"]


def whoami(url: str) -> Callable[[list[str]], str]:
    return lambda _: json.dumps({"user": "me", "url": url})


TORN = auto.CommandError(auto.CommandResult("", "error: failed to load checkpoint: EOF", 255))
OTHER = auto.CommandError(auto.CommandResult("", "error: unexpected end of JSON input", 255))


def files(root: Path, attributes: str) -> Path:
    """Write a stack's state and its attributes; return the file with these."""
    state = root / "my state/.pulumi/stacks/project/dev.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    sidecar = state.with_name("dev.json.attrs")
    sidecar.write_text(attributes)
    return sidecar


@pytest.mark.parametrize("attributes", ["", '{"user.cache_con'])
def test_torn_attributes_are_removed(tmp_path: Path, attributes: str) -> None:
    sidecar = files(tmp_path, attributes)
    assert mend_file(TASK, whoami((tmp_path / "my state").as_uri()), TORN)
    assert not sidecar.exists()
    assert sidecar.with_suffix("").read_text() == "{}"


def test_whole_attributes_another_failure_and_another_backend_are_left(tmp_path: Path) -> None:
    sidecar = files(tmp_path, "{}")
    url = (tmp_path / "my state").as_uri()
    assert not mend_file(TASK, whoami(url), TORN)
    sidecar.write_text("")
    assert not mend_file(TASK, whoami(url), OTHER)
    assert not mend_file(TASK, whoami("s3://state"), TORN)
    assert sidecar.exists()
