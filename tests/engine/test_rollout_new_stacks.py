"""Stacks that have a file and are not in the backend: previewed, looked at for drift, planned."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.harness import Project, Stack, fresh_account
from tests.engine.rollouts import Rollout, plain_cli
from tests.unit.settings.configs import ORGANIZATION, PROJECT

REFS: Final = [f"refs/heads/{name}" for name in ("main", "b", "c", "d")]


def config(bucket: str, refs: list[str] = REFS) -> dict[str, Any]:
    grants = [{"bucket": bucket, "access": ["read"]}]
    trust = {"organization": ORGANIZATION, "projects": [PROJECT]}
    code = {"origins": ["github.com/acme/app"], "refs": refs}
    return {
        "oidcProvider": "create",
        "identities": {
            "ci": {"kind": "user", "grants": grants, "accessKeys": ["2026-11"]},
            "deploy": {"kind": "role", "trust": {**trust, **code}, "grants": grants},
        },
    }


def everything_in(*places: Path) -> Mapping[str, tuple[int, str]]:
    """Return the time and content of every file, and the time of every folder."""
    found = [path for place in places for path in [place, *place.rglob("*")]]
    return {
        str(path): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in found
    }


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    return tmp_path / "backend"


@pytest.fixture
def rollout(checkout: Project, backend: Path) -> Rollout:
    return Rollout(checkout, plain_cli(checkout, backend))


@pytest.fixture
def stack(checkout: Project, bucket: str) -> Stack:
    return checkout.stack(config(bucket), name="new")


def test_a_preview_and_a_look_for_drift_write_nothing_into_an_empty_backend(
    rollout: Rollout, stack: Stack, backend: Path
) -> None:
    before = everything_in(backend, stack.file)
    preview = rollout.run("preview", "--json").stacks["new"]
    assert preview["changes"] == {"create": 6}
    drift = rollout.run("drift", "--json").stacks["new"]
    assert (drift["status"], drift["changes"], drift["error"]) == ("not deployed", {}, None)
    assert everything_in(backend, stack.file) == before


def test_a_stack_beside_others_is_previewed_without_a_trace_and_not_deployed_is_a_difference(
    rollout: Rollout, stack: Stack, backend: Path, bucket: str
) -> None:
    user = {"kind": "user", "grants": [{"bucket": bucket, "access": ["read"]}]}
    there = stack.project.stack({"identities": {"other": user}}, name="there", buckets=False)
    rollout.run("up", "--yes", "there")
    there.write({"identities": {"other": user}}, buckets=False)  # without the engine's salt
    before = everything_in(backend, stack.file, there.file)
    preview = rollout.run("preview", "--json").stacks
    assert preview["there"]["changes"] == {}
    texts = [
        line["text"] for one in preview["new"]["access"]["identities"] for line in one["lines"]
    ]
    assert f"trust: jobs of project {PROJECT} in organization {ORGANIZATION}" in "\n".join(texts)
    assert rollout.run("drift", "--exit-code", "--json", "there").statuses == {"there": "succeeded"}
    ran = rollout.run("drift", "--exit-code", code=2)
    assert "1 not deployed" in ran.stdout
    assert everything_in(backend, stack.file, there.file) == before


def test_a_stack_that_was_only_made_is_not_deployed(rollout: Rollout, stack: Stack) -> None:
    stack.write({"identities": {}})
    rollout.run("up", "--yes")
    rollout.run("destroy", "--yes")
    assert rollout.run("drift", "--json").statuses == {"new": "not deployed"}


def test_what_was_saved_before_the_stack_was_there_is_applied(
    rollout: Rollout, stack: Stack, tmp_path: Path
) -> None:
    plans = str(tmp_path / "plans")
    rollout.run("preview", "--save", plans)
    rollout.run("up", "--plan", plans, "--yes")
    assert [role["RoleName"] for role in stack.iam.list_roles()["Roles"]] == ["deploy"]
    assert len(stack.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]) == 1
    assert rollout.run("preview", "--json").stacks["new"]["changes"] == {}


def test_another_trust_than_was_planned_is_not_applied_on_a_first_deployment(
    rollout: Rollout, stack: Stack, bucket: str, tmp_path: Path
) -> None:
    plans = tmp_path / "plans"
    rollout.run("preview", "--save", str(plans))
    stack.write(config(bucket, [*REFS[:-1], "refs/*"]))
    refused = rollout.run("up", "--plan", str(plans), "--yes", "--json", code=1).stacks["new"]
    assert refused["error"].splitlines()[0] == "Pulumi.new.yaml changed since the plan was made"
    # The engine too knows the trust, as nothing of it is left open by the plan.
    (plans / "new.digests").unlink()
    planned = json.loads((plans / "new.json").read_text())
    role = next(one for urn, one in planned["resourcePlans"].items() if "deploy-role" in urn)
    assert "refs/heads/d" in role["goal"]["inputDiff"]["adds"]["assumeRolePolicy"]
    assert stack.iam.list_roles()["Roles"] == []


def test_encrypted_values_of_a_stack_that_is_not_there_are_told(
    rollout: Rollout, stack: Stack
) -> None:
    stack.file.write_text(stack.file.read_text() + "  aws:token: {secure: v1:abc:def}\n")
    failed = rollout.run("preview", "--json", code=1).stacks["new"]["error"]
    assert failed == (
        "Pulumi.new.yaml holds encrypted values, which only a backend that has the stack can read, "
        "and this one does not: `pulumi stack init new` creates it"
    )


def test_a_deployed_stack_is_checked_without_another_run_of_the_cli(
    checkout: Project, backend: Path, bucket: str, tmp_path: Path
) -> None:
    environment = plain_cli(checkout, backend)
    calls, wrapper = tmp_path / "calls", tmp_path / "bin" / "pulumi"
    wrapper.parent.mkdir()
    real = environment["SANDBOX_PULUMI"]
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    path = os.pathsep.join([str(wrapper.parent), environment["PATH"]])
    rollout = Rollout(checkout, {**environment, "PATH": path})
    user = {"kind": "user", "grants": [{"bucket": bucket, "access": ["read"]}]}
    stack = checkout.stack({"identities": {"ci": user}}, name="new")
    rollout.run("up", "--yes")
    calls.write_text("")
    rollout.run("up", "--yes")
    version, up = calls.read_text().splitlines()
    assert version == "version"
    assert " up " in up

    moved = replace(stack, account=fresh_account(), _clients={})
    moved.write({"identities": {"ci": user}}, buckets=False)
    calls.write_text("")
    failed = rollout.run("up", "--yes", "--json", code=1).stacks["new"]["error"]
    assert failed.startswith(f"it was deployed in account {stack.account}, but its file has")
    version, export = calls.read_text().splitlines()
    assert version == "version"
    assert "stack export" in export
