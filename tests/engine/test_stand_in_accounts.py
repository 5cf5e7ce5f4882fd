"""The stand-in keeps accounts apart, and honours the provider's own config."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.accounts import DEFAULT_ACCOUNT
from tests.engine.harness import Project, Stack, fresh_account

Tiny = Callable[[str], Project]

WHO_AM_I = """
me = aws.get_caller_identity_output().account_id
aws.iam.User("user", name="ci", tags={"account": me})
pulumi.export("account", me)
"""


def role(account: str) -> list[dict[str, Any]]:
    return [{"roleArn": f"arn:aws:iam::{account}:role/deploy"}]


def test_runs_at_once_in_several_accounts_never_mix(tiny: Tiny) -> None:
    project = tiny(WHO_AM_I)
    stacks = [project.stack() for _ in range(6)]
    for stack in stacks[3:]:
        stack.write({"aws:assumeRoles": role(stack.account)})
    with ThreadPoolExecutor(len(stacks)) as pool:
        list(pool.map(Stack.up, stacks))
        list(pool.map(Stack.refresh, stacks))
    for stack in stacks:
        assert stack.outputs()["account"] == stack.account
        (user,) = stack.iam.list_users()["Users"]
        tags = stack.iam.list_user_tags(UserName="ci")["Tags"]
        assert user["Arn"] == f"arn:aws:iam::{stack.account}:user/ci"
        assert tags == [{"Key": "account", "Value": stack.account}]


def test_two_providers_of_one_run_never_mix(tiny: Tiny) -> None:
    one, other = fresh_account(), fresh_account()
    stack = tiny(f"""
for account in ({one!r}, {other!r}):
    provider = aws.Provider(f"in-{{account}}", region="eu-west-1", assume_roles=[
        aws.ProviderAssumeRoleArgs(role_arn=f"arn:aws:iam::{{account}}:role/deploy")])
    opts = pulumi.ResourceOptions(provider=provider)
    aws.iam.User(f"user-{{account}}", name=f"ci-{{account}}", opts=opts)
    me = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(provider=provider))
    pulumi.export(account, me.account_id)
""").stack()
    stack.up()
    assert stack.outputs() == {one: one, other: other}
    for account in (one, other):
        users = stack.project.sandbox.client("iam", account, "eu-west-1").list_users()["Users"]
        assert [user["Arn"] for user in users] == [f"arn:aws:iam::{account}:user/ci-{account}"]


def test_a_stack_that_names_no_account_lives_in_motos_default(tiny: Tiny) -> None:
    stack = tiny("pulumi.export('account', aws.get_caller_identity_output().account_id)").stack()
    stack.write({"aws:allowedAccountIds": []})
    stack.up()
    assert stack.outputs() == {"account": DEFAULT_ACCOUNT}


def test_the_wrong_account_is_refused_before_anything(tiny: Tiny) -> None:
    stack, theirs = tiny(WHO_AM_I).stack(), fresh_account()
    stack.write({"aws:allowedAccountIds": [stack.account], "aws:assumeRoles": role(theirs)})
    assert f"AWS account ID not allowed: {theirs}" in stack.up(ok=False).messages
    for account in (stack.account, theirs):
        assert stack.project.sandbox.client("iam", account, "eu-west-1").list_users()["Users"] == []


def test_a_profile_is_one_of_the_sandboxs_own(tiny: Tiny) -> None:
    stack = tiny(WHO_AM_I).stack()
    stack.write({"aws:profile": "ours", "aws:allowedAccountIds": [stack.account]})
    stack.up()
    assert stack.outputs()["account"] == stack.account
    stack.file.write_text(stack.file.read_text().replace("ours", "theirs"))
    said = stack.preview(ok=False).messages
    assert "failed to get shared config profile, theirs" in said


def test_default_tags_are_on_everything_and_in_no_diff(tiny: Tiny) -> None:
    stack = tiny("aws.iam.User('user', name='ci', tags={'own': '1'})").stack()
    stack.write({"aws:defaultTags": {"tags": {"team": "a"}}})
    stack.up()
    assert stack.resources()["user"]["outputs"]["tags"] == {"own": "1"}
    assert {
        tag["Key"]: tag["Value"] for tag in stack.iam.list_user_tags(UserName="ci")["Tags"]
    } == {
        "own": "1",
        "team": "a",
    }
    stack.preview("--refresh", "--expect-no-changes")
    stack.write({"aws:defaultTags": {"tags": {"team": "b"}}})
    assert stack.up().changed == {"update": ["user"]}


@pytest.mark.parametrize("setting", ["aws:endpoints", "aws:regoin"])
def test_a_setting_it_cannot_honour_is_refused_by_name(tiny: Tiny, setting: str) -> None:
    stack = tiny(WHO_AM_I).stack()
    stack.write({setting: "x"})
    assert f"{setting} is not a setting" in stack.preview(ok=False).messages
