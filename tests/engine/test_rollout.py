"""Twenty stacks of the product in twenty accounts, rolled out by the command line."""

import json
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.engine.harness import Project, Sandbox, Stack
from tests.engine.rollouts import Ran, Rollout

NAMES: Final = [f"acct-{number:02}" for number in range(1, 21)]
BAD, BY_ROLE, BY_PROFILE = "acct-07", "acct-12", "acct-19"


@dataclass(frozen=True)
class Fleet:
    """The stacks, and how their first `rollout up` ended."""

    rollout: Rollout
    stacks: dict[str, Stack]
    up: Ran


def config(name: str, account: str, access: str = "read") -> dict[str, Any]:
    grant = {"bucket": f"fleet-{name}", "access": [access]}
    found: dict[str, Any] = {
        "identities": {"ci": {"kind": "user", "grants": [grant]}},
        "aws:allowedAccountIds": [account],
    }
    if name == BY_ROLE:
        found["aws:assumeRoles"] = [{"roleArn": f"arn:aws:iam::{account}:role/deploy"}]
    if name == BY_PROFILE:
        found["aws:profile"] = f"profile-of-{name}"
    return found


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Fleet:
    project = Project.of_checkout(tmp_path_factory.mktemp("fleet") / "project", sandbox)
    stacks = {}
    for number, name in enumerate(NAMES, 1):
        account = f"8000000000{number:02}"
        given = config(name, account, "raed" if name == BAD else "read")
        stacks[name] = project.stack(given, name=name, account=account)
    rollout = Rollout(project)
    refused = rollout.run("up", "--yes", "--json", code=1)
    assert (refused.stdout, stacks["acct-01"].iam.list_users()["Users"]) == ("", [])
    return Fleet(rollout, stacks, rollout.run("up", "--skip-broken", "--yes", "--json", code=1))


def policy(stack: Stack) -> Any:
    found = stack.iam.get_user_policy(UserName="ci", PolicyName="s3-access")
    return found["PolicyDocument"]


def test_a_bad_stack_is_left_out_in_its_own_words_and_stops_no_other(fleet: Fleet) -> None:
    assert fleet.up.statuses == {
        name: "not reached" if name == BAD else "succeeded" for name in NAMES
    }
    assert fleet.up.stacks[BAD]["error"] == (
        f"Pulumi.{BAD}.yaml: identities.ci.grants[0].access: "
        "'raed' is not one of list, read, write, delete, full"
    )
    good = fleet.up.stacks["acct-01"]
    assert (good["changes"], good["error"]) == ({"create": 2}, None)
    assert good["seconds"] > 0


def test_each_stack_is_in_its_own_account_with_its_own_bucket(fleet: Fleet) -> None:
    found = {
        name: policy(stack)["Statement"] for name, stack in fleet.stacks.items() if name != BAD
    }
    assert found == {
        name: [
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::fleet-{name}/*",
            }
        ]
        for name in NAMES
        if name != BAD
    }
    assert fleet.stacks[BAD].iam.list_users()["Users"] == []


def test_standard_output_is_one_json_object_and_progress_is_beside_it(fleet: Fleet) -> None:
    json.loads(fleet.up.stdout)
    assert f"{BAD} started" not in fleet.up.stderr
    assert "20 stacks: 19 succeeded, 1 not reached" in fleet.up.stderr


def test_no_stack_file_of_the_user_is_changed(fleet: Fleet) -> None:
    for stack in fleet.stacks.values():
        assert "encryptionsalt" not in stack.file.read_text()


def test_resume_runs_what_was_mended_then_drift_and_destroy_tell_what_they_find(
    fleet: Fleet,
) -> None:
    bad, changed = fleet.stacks[BAD], fleet.stacks["acct-03"]
    bad.write(config(BAD, bad.account))
    again = fleet.rollout.run("up", "--resume", "--yes", "--json")
    assert again.statuses == {n: "succeeded" if n == BAD else "done before" for n in NAMES}
    assert policy(bad)["Statement"][0]["Resource"] == f"arn:aws:s3:::fleet-{BAD}/*"

    calm = fleet.rollout.run("drift", "--exit-code", "--json", "acct-0[1-4]")
    assert [stack["changes"] for stack in calm.stacks.values()] == [{}] * 4

    anything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    by_hand = json.dumps({"Version": "2012-10-17", "Statement": [anything]})
    changed.iam.put_user_policy(UserName="ci", PolicyName="s3-access", PolicyDocument=by_hand)
    drift = fleet.rollout.run("drift", "--exit-code", "acct-0[1-4]", code=2)
    wider = (
        f"ci gains s3:* on everything, before only s3:GetObject on fleet-{changed.name}/* (WIDER)"
    )
    assert wider in drift.stdout
    assert "  update aws:iam:UserPolicy ci-inline" in drift.stdout
    assert policy(changed)["Statement"] == [anything]

    gone = fleet.rollout.run("destroy", "--yes", "--json", "acct-0[1-4]")
    assert gone.stacks["acct-01"]["changes"] == {"delete": 2}
    assert changed.iam.list_users()["Users"] == []
    assert fleet.stacks["acct-05"].iam.list_users()["Users"] != []


def test_a_role_in_an_account_that_is_not_allowed_is_refused_before_anything(
    fleet: Fleet,
) -> None:
    project = fleet.rollout.project
    account, other = "800000000099", "800000000098"
    wrong = {**config("wrong", account)}
    wrong["aws:assumeRoles"] = [{"roleArn": f"arn:aws:iam::{other}:role/deploy"}]
    stack = project.stack(wrong, name="wrong", account=account, buckets=False)
    ran = fleet.rollout.run("up", "--yes", "--json", "wrong", code=1)
    assert f"end in account {other}" in ran.stderr
    said = stack.pulumi("stack", "output", "--stack", "wrong", ok=False).stderr
    assert "no stack named 'wrong' found" in said
    stack.file.unlink()


def test_credentials_of_an_account_that_is_not_allowed_end_before_anything_is_made(
    fleet: Fleet,
) -> None:
    mine, other = fleet.stacks[BY_PROFILE], "800000000097"
    lost = fleet.rollout.file("Pulumi.lost.yaml")
    lost.write_text(mine.file.read_text().replace(mine.account, other))
    ran = fleet.rollout.run("up", "--yes", "--json", "lost", code=1)
    assert f"AWS account ID not allowed: {mine.account}" in ran.stacks["lost"]["error"]
    assert [user["UserName"] for user in mine.iam.list_users()["Users"]] == ["ci"]
    lost.unlink()
