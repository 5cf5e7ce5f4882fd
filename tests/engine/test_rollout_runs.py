"""How a rollout goes and stops: waves, shards, signals, kill -9, locks, plans."""

import itertools
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.engine.harness import Project
from tests.engine.rollouts import HOLDING, Rollout, family, guarded, kill, until

NUMBERS = itertools.count(1)
Tiny = Callable[[str], Project]
MakeFleet = Callable[..., Rollout]


@pytest.fixture
def fleet(tiny: Tiny) -> MakeFleet:
    """Makes a project of stacks that a test can hold and break."""

    def make(*names: str, waves: str | None = None) -> Rollout:
        rollout = Rollout(renamed(tiny(HOLDING)))
        for name in names:
            rollout.project.stack(guarded(), name=name)
        if waves is not None:
            rollout.file("rollout.yaml").write_text(waves)
        return rollout

    return make


def renamed(project: Project) -> Project:
    """Give a project a name of its own, since its stacks have names that others have too."""
    name = f"runs-{next(NUMBERS)}"
    file = project.root / "Pulumi.yaml"
    file.write_text(file.read_text().replace(f"name: {project.name}\n", f"name: {name}\n"))
    return replace(project, name=name)


def stacks_of(rollout: Rollout, event: str) -> list[str]:
    return [entry["stack"] for entry in rollout.journal() if entry.get("event") == event]


def test_a_wave_waits_for_the_one_before_and_too_many_failures_stop_the_rest(
    fleet: MakeFleet,
) -> None:
    waves = """
        waves:
          - {name: first, stacks: [a, b], stopAfterFailures: 2}
          - {name: second, stacks: [c, d, e], parallel: 1, stopAfterFailures: 1}
          - {name: third, stacks: [f]}
    """
    rollout = fleet(*"abcdef", waves=waves)
    rollout.file("break-a").touch()
    rollout.file("break-d").touch()
    rollout.file("hold-b").touch()
    with rollout.started("up", "--yes", "--json") as running:
        until(lambda: "a" in stacks_of(rollout, "failed"), "a failed")
        assert not rollout.file("began-c").exists()
        rollout.file("hold-b").unlink()
        ran = running.ended()
    assert ran.code == 1
    assert {name: stack["error"] for name, stack in ran.stacks.items()} == {
        "a": "a is broken",
        "b": None,
        "c": None,
        "d": "d is broken",
        "e": "not started: 1 failure in second",
        "f": "not started: 1 failure in second",
    }
    assert list(ran.stacks) == list("abcdef")


def test_shards_together_deploy_all_and_overlap_in_nothing(fleet: MakeFleet) -> None:
    rollout = fleet(*"abcde")
    parts = [
        rollout.run("up", "--yes", "--json", CIRCLE_NODE_INDEX=node, CIRCLE_NODE_TOTAL="2").stacks
        for node in ("0", "1")
    ]
    assert [list(part) for part in parts] == [["a", "c", "e"], ["b", "d"]]
    assert all(stack["changes"] == {"create": 1} for part in parts for stack in part.values())


def test_after_kill_9_of_the_rollout_resume_waits_for_what_still_runs_and_does_the_rest(
    fleet: MakeFleet,
) -> None:
    rollout = fleet(*"abcd")
    rollout.file("hold-b").touch()
    with rollout.started("up", "--yes", "--parallel", "1") as running:
        until(rollout.file("began-b").exists, "b runs")
        kill(running.process.pid)
        running.process.wait()
        rollout.file("began-b").unlink()
        with rollout.started("up", "--resume", "--yes", "--json") as resumed:
            resumed.says("b waits, locked by ")
            rollout.file("hold-b").unlink()
            ran = resumed.ended()
    assert ran.code == 0, ran
    assert ran.statuses == {"a": "skipped", "b": "succeeded", "c": "succeeded", "d": "succeeded"}


def test_after_kill_9_of_everything_resume_removes_the_dead_lock_and_does_the_rest(
    fleet: MakeFleet,
) -> None:
    rollout = fleet(*"abcd")
    rollout.file("hold-b").touch()
    with rollout.started("up", "--yes", "--parallel", "1") as running:
        until(rollout.file("began-b").exists, "b runs")
        for pid in family(running.process.pid):
            kill(pid)
        running.process.wait()
    assert rollout.locks("b")
    rollout.file("hold-b").unlink()

    refused = rollout.run("up", "--yes", "--json", "b", code=1).stacks["b"]["error"]
    assert refused.startswith("locked by ")
    assert "--resume" in refused
    ran = rollout.run("up", "--yes", "--resume", "--json", "b")
    assert ran.statuses == {"b": "succeeded"}
    assert not rollout.locks("b")


def test_after_ctrl_c_stacks_under_way_end_no_other_starts_and_resume_does_it(
    fleet: MakeFleet,
) -> None:
    rollout = fleet(*"abc")
    rollout.file("hold-b").touch()
    with rollout.started("up", "--yes", "--json", "--parallel", "1") as running:
        until(rollout.file("began-b").exists, "b runs")
        running.process.send_signal(signal.SIGINT)
        running.says("those under way are finished")
        rollout.file("hold-b").unlink()
        ran = running.ended()
    assert ran.code == 130
    assert ran.statuses == {"a": "succeeded", "b": "succeeded", "c": "skipped"}
    assert ran.stacks["c"]["error"] == "not started: interrupted"
    resumed = rollout.run("up", "--resume", "--yes", "--json")
    assert resumed.statuses == {"a": "skipped", "b": "skipped", "c": "succeeded"}


def test_after_sigterm_the_engine_cancels_and_gives_the_lock_back(fleet: MakeFleet) -> None:
    rollout = fleet(*"ab")
    rollout.file("hold-a").touch()
    with rollout.started("up", "--yes", "--json", "--parallel", "1") as running:
        until(rollout.file("began-a").exists, "a runs")
        running.process.send_signal(signal.SIGTERM)
        ran = running.ended()
    assert ran.code == 143
    assert ran.statuses == {"a": "failed", "b": "skipped"}
    assert "cancel" in ran.stacks["a"]["error"]
    assert not rollout.locks("a")
    rollout.file("hold-a").unlink()
    assert rollout.run("up", "--resume", "--yes", "--json").statuses == {
        "a": "succeeded",
        "b": "succeeded",
    }


def test_a_locked_stack_is_told_with_its_holder_and_waited_for_if_asked(fleet: MakeFleet) -> None:
    rollout = fleet("a", "b")
    lock = rollout.lock_folder("a") / "held.json"
    lock.parent.mkdir(parents=True)
    at = datetime(2026, 11, 24, 6, tzinfo=UTC).isoformat()
    holder: dict[str, Any] = {"pid": os.getpid(), "username": "ci", "hostname": "build-7"}
    lock.write_text(json.dumps({**holder, "timestamp": at}))
    ran = rollout.run("up", "--yes", "--json", code=1)
    assert ran.stacks["b"]["status"] == "succeeded"
    assert ran.stacks["a"]["error"] == (
        f"locked by ci@build-7 (pid {os.getpid()}) since 2026-11-24 06:00:00 UTC; "
        "--wait waits for it"
    )
    with rollout.started("up", "--yes", "--json", "--wait", "a") as running:
        running.says("a waits, locked by ci@build-7")
        lock.unlink()
        assert running.ended().statuses == {"a": "succeeded"}


def test_up_does_what_the_plan_says_and_nothing_else(tiny: Tiny) -> None:
    program = 'aws.iam.User("user", name=config.require("user"))\n'
    rollout = Rollout(renamed(tiny(program)))
    stack = rollout.project.stack({"user": "planned"}, name="a")
    rollout.project.stack({"user": "another"}, name="b")
    plans = str(rollout.file("plans"))
    rollout.run("preview", "--save", plans, "a")

    stack.write({"user": "sneaked-in"})
    refused = rollout.run("up", "--plan", plans, "--yes", "--json", code=1).stacks
    assert "violates plan: properties changed: name" in refused["a"]["error"]
    assert "holds no plan of it" in refused["b"]["error"]
    assert stack.iam.list_users()["Users"] == []

    stack.write({"user": "planned"})
    rollout.run("up", "--plan", plans, "--yes", "a")
    assert [user["UserName"] for user in stack.iam.list_users()["Users"]] == ["planned"]


def test_a_preview_that_fails_leaves_no_older_plan(fleet: MakeFleet) -> None:
    rollout = fleet("a")
    plan = rollout.file("plans") / "a.json"
    rollout.run("preview", "--save", str(plan.parent))
    assert plan.exists()
    rollout.file("break-a").touch()
    rollout.run("preview", "--save", str(plan.parent), code=1)
    assert not plan.exists()


def test_preview_and_drift_tell_changes_by_their_exit_code_only_if_asked(fleet: MakeFleet) -> None:
    rollout = fleet("a")
    assert rollout.run("preview", "--json").stacks["a"]["changes"] == {"create": 1}
    rollout.run("preview", "--exit-code", code=2)
    rollout.run("up", "--yes")
    rollout.run("preview", "--exit-code", code=0)


def test_destroy_of_a_stack_that_was_never_deployed_does_nothing(fleet: MakeFleet) -> None:
    ran = fleet("a").run("destroy", "--yes", "--json")
    assert ran.stacks["a"]["changes"] == {}


def test_waves_are_destroyed_last_first(fleet: MakeFleet) -> None:
    rollout = fleet("a", "b", waves="waves: [{stacks: [a]}, {stacks: [b]}]")
    rollout.run("up", "--yes")
    said = rollout.run("destroy", "--yes").stderr
    assert said.index("b succeeded") < said.index("a started")
