"""What a rollout that was cut short has made, the next one settles before it changes anything."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.execution.pending import is_unsettled
from tests.engine.harness import Project, Sandbox, Stack
from tests.engine.kills import TYPES, one_kill
from tests.engine.rollouts import Rollout, named
from tests.unit.policy.identities import ORGANIZATION

USER = 'user = aws.iam.User("ci", name="ci", path="/ours/")\n'
POLICY = """
policy = json.dumps({"Version": "2012-10-17", "Statement": config.require_object("statements")})
aws.iam.UserPolicy("inline", name="inline", user=user.name, policy=policy)
"""
KEY = 'aws.iam.AccessKey("key", user=user.name)\n'
PROJECT = "6f9b2f3c-0f2d-4b59-8a4e-0123456789ab"
KINDS = 2 * (len(TYPES) + 1)
"""Kills of which each has another moment or another next command."""
TURNS = 5
URN = "urn:pulumi:{stack}::{project}::aws:iam/{kind}::{name}"


@pytest.mark.parametrize("number", [0, 2, 11, 15])
def test_after_a_kill_within_a_create_all_is_in_place(
    sandbox: Sandbox, tmp_path: Path, number: int
) -> None:
    """Of keys and policies before `up`, of the provider and attachments before `up --resume`.

    A kill may come when the create is over, which proves less; others of its kind follow then.
    `python -m tests.engine.kills` does many more.
    """
    for turn in range(TURNS):
        project = tmp_path / f"project-{turn}"
        killed = one_kill(sandbox, project, number + turn * KINDS)
        assert killed.faults == []
        if killed.moment in killed.pending:
            return
    pytest.fail(f"none of {TURNS} kills came while {killed.moment} was pending")


@dataclass(frozen=True)
class Cut:
    """A stack of a tiny program, whose state can be made as a kill leaves it."""

    rollout: Rollout
    stack: Stack

    def up(self, *options: str, code: int = 0, **variables: str) -> dict[str, Any]:
        """Deploy; return what is told of the stack."""
        args = ("up", "--yes", "--json", *options, self.stack.name)
        ran = self.rollout.run(*args, code=code, **variables)
        return ran.stacks[self.stack.name]

    def leave(
        self, operation: str, kind: str, name: str, /, at: datetime | None = None, **inputs: object
    ) -> None:
        """Make the state one in which an operation is pending, last written then."""
        file = self.rollout.state_file(self.stack.name)
        state = json.loads(file.read_text())
        deployment = state["checkpoint"]["latest"]
        resources = deployment["resources"]
        provider = next(one for one in resources if one["type"] == "pulumi:providers:aws")
        project = self.rollout.project.name
        resource = {
            "urn": URN.format(stack=self.stack.name, project=project, kind=kind, name=name),
            "custom": True,
            "type": f"aws:iam/{kind}",
            "inputs": inputs,
            "parent": resources[0]["urn"],
            "provider": f"{provider['urn']}::{provider['id']}",
        }
        deployment["pending_operations"] = [{"resource": resource, "type": operation}]
        deployment["manifest"]["time"] = (at or datetime.now(UTC)).isoformat()
        file.write_text(json.dumps(state))

    @property
    def deployment(self) -> dict[str, Any]:
        """What the state holds now."""
        state = json.loads(self.rollout.state_file(self.stack.name).read_text())
        return state["checkpoint"]["latest"]  # type: ignore[no-any-return]

    @property
    def users(self) -> list[str]:
        return [user["UserName"] for user in self.stack.iam.list_users()["Users"]]

    @property
    def keys(self) -> list[str]:
        keys = self.stack.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
        return sorted(key["AccessKeyId"] for key in keys)


MakeCut = Callable[..., Cut]


@pytest.fixture
def cut(tiny: Callable[[str], Project]) -> MakeCut:
    """Makes a stack of a program."""

    def make(program: str, **config: object) -> Cut:
        rollout = Rollout(named(tiny(program)))
        return Cut(rollout, rollout.project.stack(config, name="dev"))

    return make


@pytest.mark.parametrize("options", [(), ("--refresh",)])
def test_what_is_no_longer_wished_for_is_taken_in_and_deleted(
    cut: MakeCut, options: tuple[str, ...]
) -> None:
    one = cut('aws.iam.User("other", name="other")')
    one.up()
    one.stack.iam.create_user(UserName="ci", Path="/ours/")
    one.leave("creating", "user:User", "ci", name="ci", path="/ours/")
    one.up(*options)
    assert one.users == ["other"]


def test_what_was_there_before_the_run_is_not_taken(cut: MakeCut) -> None:
    one = cut(USER)
    one.stack.iam.create_user(UserName="ci", Path="/ours/")
    one.up(code=1)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    one.leave("creating", "user:User", "ci", at=hour_ago, name="ci", path="/ours/")
    told = one.up(code=1)
    assert "EntityAlreadyExists" in told["error"]
    assert (
        "User ci: not added to the state; the one with this name was created at "
        in told["warnings"][0]
    )
    assert "ci" not in one.stack.resources()


def test_what_another_stack_holds_is_not_taken(cut: MakeCut) -> None:
    one = cut(USER)
    other = one.rollout.project.stack({}, name="other", account=one.stack.account)
    one.rollout.run("up", "--yes", other.name)
    one.up(code=1)
    one.leave("creating", "user:User", "ci", name="ci", path="/ours/")
    told = one.up(code=1)
    assert told["warnings"] == [
        "User ci: not added to the state; the one with this name is in a stack's state already"
    ]
    assert "ci" not in one.stack.resources()


def test_a_key_that_may_be_another_ones_is_left_and_told(cut: MakeCut) -> None:
    one = cut(USER)
    one.up()
    keys = sorted(
        one.stack.iam.create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"] for _ in "ab"
    )
    one.leave("creating", "accessKey:AccessKey", "key", user="ci")
    error = one.up(code=1)["error"]
    assert all(key in error for key in keys)
    assert "`pulumi refresh --stack dev`" in error
    assert one.keys == keys
    one.stack.iam.delete_access_key(UserName="ci", AccessKeyId=keys[0])
    one.up()
    assert one.keys == []


def test_nothing_is_settled_with_the_credentials_of_another_account(cut: MakeCut) -> None:
    one = cut(USER + KEY)
    one.up()
    one.leave("creating", "accessKey:AccessKey", "key", user="ci")
    assert one.up(code=1, SANDBOX_ACCOUNT_ROLE="")["error"] == (
        "an earlier run was cut short while it created something, and the credentials are of "
        f"account 123456789012, which aws:allowedAccountIds does not allow: {one.stack.account}"
    )
    role = f"arn:aws:iam::{one.stack.account}:role/deploy"
    one.stack.write(
        {
            "aws:allowedAccountIds": [one.stack.account],
            "aws:assumeRoles": [{"roleArn": role, "sessionName": "rollout"}],
        }
    )
    one.up(SANDBOX_ACCOUNT_ROLE="")
    assert len(one.keys) == 1


def test_a_file_that_names_another_account_by_now_settles_nothing(cut: MakeCut) -> None:
    one = cut(USER + KEY)
    one.up()
    one.leave("creating", "accessKey:AccessKey", "key", user="ci")
    one.stack.write({"aws:allowedAccountIds": ["999999999999"]})
    assert one.up(code=1)["error"].startswith(
        f"it was deployed in account {one.stack.account}, but its file has "
        "aws:allowedAccountIds 999999999999"
    )
    assert is_unsettled(one.deployment)


def test_an_update_that_was_cut_short_is_undone_where_nobody_wishes_for_it(cut: MakeCut) -> None:
    """AWS has done it, the state does not know, and the file was changed back."""
    statements = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    one = cut(USER + POLICY, statements=statements)
    one.up()
    wider = {"Version": "2012-10-17", "Statement": [{**statements[0], "Action": "s3:*"}]}
    name = {"UserName": "ci", "PolicyName": "inline"}
    one.stack.iam.put_user_policy(**name, PolicyDocument=json.dumps(wider))
    one.leave("updating", "userPolicy:UserPolicy", "inline")
    one.up()
    found = one.stack.iam.get_user_policy(**name)["PolicyDocument"]
    assert found["Statement"] == statements  # type: ignore[index]
    assert one.up()["changes"] == {}


def test_a_destroy_takes_in_what_is_pending_too(cut: MakeCut) -> None:
    one = cut('aws.iam.User("other", name="other")')
    one.up()
    one.stack.iam.create_user(UserName="ci", Path="/ours/")
    one.leave("creating", "user:User", "ci", name="ci", path="/ours/")
    one.rollout.run("destroy", "--yes")
    assert one.users == []


def test_what_was_deleted_with_a_replaced_role_is_there_again(
    checkout: Project, bucket: str
) -> None:
    """The role had been made anew, what it had not yet: the engine marks that in the state."""
    trust = {"organization": ORGANIZATION, "projects": [PROJECT]}
    grants = [{"bucket": bucket, "access": ["read"]}]
    role = {"kind": "role", "trust": trust, "grants": grants}
    rollout = Rollout(checkout)
    config = {"identities": {"ci": role}, "oidcProvider": "create"}
    stack = checkout.stack(config, name=f"kept-{bucket}")
    rollout.run("up", "--yes", stack.name)
    (name,) = stack.iam.list_role_policies(RoleName="ci")["PolicyNames"]
    stack.iam.delete_role_policy(RoleName="ci", PolicyName=name)
    file = rollout.state_file(stack.name)
    state = json.loads(file.read_text())
    for resource in state["checkpoint"]["latest"]["resources"]:
        if resource["type"] == "aws:iam/rolePolicy:RolePolicy":
            resource["pendingReplacement"] = True
    file.write_text(json.dumps(state))
    rollout.run("up", "--yes", stack.name)
    assert stack.iam.list_role_policies(RoleName="ci")["PolicyNames"] == [name]


def test_a_backend_of_files_that_was_cut_short_while_it_wrote_is_mended(cut: MakeCut) -> None:
    one = cut(USER)
    one.up()
    state = one.rollout.state_file("dev")
    state.with_name(f"{state.name}.attrs").write_text("")
    assert one.up()["changes"] == {}
