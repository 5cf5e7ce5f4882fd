"""What an operation came to, from the engine's events."""

from typing import Any

from pulumi.automation.events import EngineEvent

from rollout.execution.observer import Observer
from rollout.result import Result, Step

USER, COMPONENT = "aws:iam/user:User", "circleci-s3-access:index:UserIdentity"


def metadata(op: str, kind: str, name: str, *, custom: bool = True) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::p::{kind}::{name}"
    state = {"type": kind, "urn": urn, "custom": custom, "id": "", "parent": "", "provider": ""}
    return {"op": op, "urn": urn, "type": kind, "old": state, "new": state, "provider": ""}


def heard(*events: tuple[str, dict[str, Any]]) -> Result:
    observer = Observer(lambda _: None)
    for number, (kind, step) in enumerate(events):
        event = {"sequence": number, "timestamp": 0, kind: {"metadata": step}}
        observer.on_event(EngineEvent.from_json(event))
    summary = {"durationSeconds": 1, "resourceChanges": {"delete": 8}, "maybeCorrupt": False}
    event = {"sequence": 99, "timestamp": 0, "summaryEvent": {**summary, "PolicyPacks": {}}}
    observer.on_event(EngineEvent.from_json(event))
    return observer.result(None, 1)


def test_what_is_counted_is_what_is_listed_and_was_done() -> None:
    steps = [
        metadata("delete", USER, "gone"),
        metadata("delete", COMPONENT, "component", custom=False),
        metadata("delete", "pulumi:pulumi:Stack", "p-dev"),
        metadata("delete", "pulumi:providers:aws", "default"),
        metadata("delete-replaced", USER, "anew"),
        metadata("replace", USER, "anew"),
        metadata("create-replacement", USER, "anew"),
        metadata("same", USER, "same"),
    ]
    begun = [("resourcePreEvent", step) for step in [*steps, metadata("delete", USER, "failed")]]
    ended = heard(*begun, *(("resOutputsEvent", step) for step in steps))
    assert ended.changes == {"delete": 1, "replace": 1}
    assert ended.steps == (Step("delete", USER, "gone"), Step("replace", USER, "anew"))
