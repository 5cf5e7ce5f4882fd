"""How a rollout stops and goes on: signals, kill -9, locks, a worker that ends."""

import json
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.engine.harness import Project
from tests.engine.rollouts import HOLDING, MakeFleet, Rollout, family, fleet_of, kill, until


@pytest.fixture
def fleet(tiny: Callable[[str], Project]) -> Callable[..., Rollout]:
    """Makes a project of stacks that a test can hold and break."""
    return lambda *names, waves=None: fleet_of(tiny(HOLDING), *names, waves=waves)


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
    assert ran.statuses == {
        "a": "done before",
        "b": "succeeded",
        "c": "succeeded",
        "d": "succeeded",
    }


@pytest.mark.parametrize("resume", [["--resume"], []])
def test_after_kill_9_of_everything_the_next_up_removes_the_dead_lock_and_does_the_rest(
    fleet: MakeFleet, resume: list[str]
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

    ran = rollout.run("up", "--yes", *resume, "--json", "b")
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
        running.says("the running ones are finished")
        rollout.file("hold-b").unlink()
        ran = running.ended()
    assert ran.code == 130
    assert ran.statuses == {"a": "succeeded", "b": "succeeded", "c": "not reached"}
    assert ran.stacks["c"]["error"] == "not started: interrupted"
    assert "`rollout up --resume` goes on with what is not done" in ran.stderr
    resumed = rollout.run("up", "--resume", "--yes", "--json")
    assert resumed.statuses == {"a": "done before", "b": "done before", "c": "succeeded"}


def test_after_sigterm_the_engine_cancels_and_gives_the_lock_back(fleet: MakeFleet) -> None:
    rollout = fleet(*"ab")
    rollout.file("hold-a").touch()
    with rollout.started("up", "--yes", "--json", "--parallel", "1") as running:
        until(rollout.file("began-a").exists, "a runs")
        running.process.send_signal(signal.SIGTERM)
        ran = running.ended()
    assert ran.code == 143
    assert ran.statuses == {"a": "failed", "b": "not reached"}
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
        "--wait waits for it; if that machine is gone, `pulumi cancel --stack a` removes the lock"
    )
    with rollout.started("up", "--yes", "--json", "--wait", "a") as running:
        running.says("a waits, locked by ci@build-7")
        lock.unlink()
        assert running.ended().statuses == {"a": "succeeded"}


def test_a_dead_lock_that_no_rollout_left_is_told(fleet: MakeFleet) -> None:
    rollout = fleet("a")
    lock = rollout.lock_folder("a") / "held.json"
    lock.parent.mkdir(parents=True)
    at = datetime.now(UTC).isoformat()
    holder = {"pid": os.getpid(), "username": "me", "hostname": socket.gethostname()}
    lock.write_text(json.dumps({**holder, "timestamp": at}))
    refused = rollout.run("up", "--yes", "--json", code=1).stacks["a"]["error"]
    assert refused.endswith(
        "its process has ended, and no rollout of this folder started it: "
        "`pulumi cancel --stack a` removes the lock"
    )
    assert lock.exists()


def test_a_program_that_ends_its_process_fails_its_own_stack_only(fleet: MakeFleet) -> None:
    rollout = fleet("a", "b")
    program = rollout.file("__main__.py")
    program.write_text(f"{program.read_text()}\nif stack == 'a':\n    __import__('os')._exit(7)\n")
    ran = rollout.run("preview", "--json", "--parallel", "1", code=1)
    assert ran.statuses == {"a": "failed", "b": "succeeded"}
    assert ran.stacks["a"]["error"] == "the worker process ended with code 7"
