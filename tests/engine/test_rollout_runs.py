"""How a rollout goes: waves, shards, plans, exit codes."""

import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.engine.harness import Project, fresh_account
from tests.engine.rollouts import HOLDING, MakeFleet, Rollout, fleet_of, named, until
from tests.unit.policy.identities import ORGANIZATION


@pytest.fixture
def fleet(tiny: Callable[[str], Project]) -> Callable[..., Rollout]:
    """Makes a project of stacks that a test can hold and break."""
    return lambda *names, waves=None: fleet_of(tiny(HOLDING), *names, waves=waves)


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
        until(lambda: "a" in rollout.noted("failed"), "a failed")
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
    assert all(stack["status"] == "succeeded" for part in parts for stack in part.values())


def test_up_does_what_the_plan_says_and_nothing_else(tiny: Callable[[str], Project]) -> None:
    program = 'aws.iam.User("user", name=config.require("user"))\n'
    rollout = Rollout(named(tiny(program)))
    stack = rollout.project.stack({"user": "planned"}, name="a")
    rollout.project.stack({"user": "another"}, name="b")
    plans = str(rollout.file("plans"))
    rollout.run("preview", "--save", plans, "a")

    stack.write({"user": "sneaked-in"})
    refused = rollout.run("up", "--plan", plans, "--yes", "--json", code=1).stacks
    assert refused["a"]["error"].splitlines()[0] == (
        "Pulumi.a.yaml changed since the plan was made"
    )
    assert "has no plan for it" in refused["b"]["error"]
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


def test_preview_and_drift_tell_changes_by_their_exit_code_only_if_asked(
    tiny: Callable[[str], Project],
) -> None:
    rollout = Rollout(named(tiny('aws.iam.User("user", name="alone")\n')))
    rollout.project.stack(name="a")
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


def test_a_provider_that_other_stacks_may_use_is_left_where_the_user_says_so(
    checkout: Project, bucket: str
) -> None:
    trust = {"organization": ORGANIZATION, "projects": ["*"]}
    role = {"kind": "role", "trust": trust, "grants": [{"bucket": bucket, "access": ["read"]}]}
    stack = checkout.stack({"identities": {"deploy": role}, "oidcProvider": "create"}, name="one")
    rollout = Rollout(checkout)
    preview = rollout.run("preview", "--json")
    assert any("lets every project" in text for text in preview.stacks["one"]["warnings"])
    rollout.run("up", "--yes")
    before = stack.resources()
    failed = rollout.run("destroy", "--yes", "--json", code=1).stacks["one"]
    assert failed["error"].startswith(f"Nothing was deleted: circleci-{ORGANIZATION} is")
    assert "--exclude-protected" in failed["error"]
    assert f"pulumi state unprotect '{before[f'circleci-{ORGANIZATION}']['urn']}'" in str(failed)
    assert stack.resources() == before
    assert [role["RoleName"] for role in stack.iam.list_roles()["Roles"]] == ["deploy"]
    rollout.run("destroy", "--yes", "--exclude-protected")
    assert stack.iam.list_roles()["Roles"] == []
    assert len(stack.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1


def test_a_stack_file_that_moved_to_another_account_is_refused_before_anything_is_made(
    checkout: Project, bucket: str
) -> None:
    user: dict[str, object] = {"kind": "user", "grants": [{"bucket": bucket, "access": ["read"]}]}
    user["accessKeys"] = ["2026-11"]  # the engine hides all outputs where one is a secret
    stack = checkout.stack({"identities": {"ci": user}})
    rollout = Rollout(checkout)
    rollout.run("up", "--yes")
    moved = replace(stack, account=fresh_account(), _clients={})
    moved.write({"identities": {"ci": user, "more": user}}, buckets=False)
    known = f"it was deployed in account {stack.account}, but its file has"
    looked_up = f"aws:allowedAccountIds: this stack was deployed in account {stack.account}"
    for command, words in (("up --yes", known), ("preview", looked_up), ("drift", looked_up)):
        failed = rollout.run(*command.split(), "--json", code=1).stacks[stack.name]["error"]
        assert words in failed
    shutil.rmtree(rollout.file(".rollout"))  # as on another machine
    failed = rollout.run("up", "--yes", "--json", code=1).stacks[stack.name]["error"]
    assert looked_up in failed
    assert moved.iam.list_users()["Users"] == []
    assert [user["UserName"] for user in stack.iam.list_users()["Users"]] == ["ci"]


def test_a_stack_whose_move_was_refused_is_not_destroyed_until_its_file_is_as_before(
    checkout: Project, bucket: str
) -> None:
    user = {"kind": "user", "grants": [{"bucket": bucket, "access": ["read"]}]}
    stack = checkout.stack({"identities": {"ci": user}})
    rollout = Rollout(checkout)
    rollout.run("up", "--yes")
    moved = replace(stack, account=fresh_account(), _clients={})
    moved.write({"identities": {"ci": user}}, buckets=False)
    shutil.rmtree(rollout.file(".rollout"))  # so that the engine has begun
    rollout.run("up", "--yes", code=1)
    failed = rollout.run("destroy", "--yes", "--json", code=1).stacks[stack.name]["error"]
    assert f"it was deployed in account {stack.account}, but its file has" in failed
    assert "ci-user" in stack.resources()

    stack.write({"identities": {"ci": user}}, buckets=False)
    rollout.run("up", "--yes")
    rollout.run("destroy", "--yes")
    assert stack.iam.list_users()["Users"] == []


def test_it_is_refused_too_where_the_first_deployment_did_not_end(
    checkout: Project, bucket: str
) -> None:
    user = {"kind": "user", "grants": [{"bucket": bucket, "access": ["read"]}]}
    stack = checkout.stack({"identities": {"ci": user, "taken": user}})
    stack.iam.create_user(UserName="taken")
    rollout = Rollout(checkout)
    rollout.run("up", "--yes", code=1)
    assert "ci-user" in stack.resources()
    moved = replace(stack, account=fresh_account(), _clients={})
    moved.write({"identities": {"ci": user, "taken": user}}, buckets=False)
    failed = rollout.run("up", "--yes", "--json", code=1).stacks[stack.name]["error"]
    assert f"this stack was deployed in account {stack.account}" in failed
    assert moved.iam.list_users()["Users"] == []
