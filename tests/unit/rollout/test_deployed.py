"""What is read of an account in moto, by name and as a whole: the same values."""

import json
from collections.abc import Iterator
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws
from mypy_boto3_iam import IAMClient
from mypy_boto3_iam.type_defs import TagTypeDef

from rollout.deployed.read import read_account, read_provider, read_role, read_user
from rollout.errors import AccountError

ACCOUNT: Final = "123456789012"
BUCKET: Final[dict[str, Any]] = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-data/*"},
}
TRUST: Final[dict[str, Any]] = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
TAGS: Final[list[TagTypeDef]] = [{"Key": "team", "Value": "data"}]


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[IAMClient]:
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
    with mock_aws():
        yield boto3.client("iam", region_name="eu-west-1")


def read_all(iam: IAMClient) -> Any:
    return read_account(iam, boto3.client("sts", region_name="eu-west-1"))


def test_one_by_name_is_the_same_as_in_the_whole_account(iam: IAMClient) -> None:
    text = json.dumps(BUCKET)
    managed = iam.create_policy(PolicyName="managed", PolicyDocument=text)["Policy"]["Arn"]
    iam.create_user(UserName="ci", Path="/circleci/", Tags=TAGS)
    iam.put_user_policy(UserName="ci", PolicyName="s3", PolicyDocument=text)
    iam.attach_user_policy(UserName="ci", PolicyArn=managed)
    made = [iam.create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    iam.update_access_key(UserName="ci", AccessKeyId=made[0], Status="Inactive")
    iam.create_login_profile(UserName="ci", Password="Sandbox-1234")
    iam.create_group(GroupName="all")
    iam.put_group_policy(GroupName="all", PolicyName="s3", PolicyDocument=text)
    iam.add_user_to_group(UserName="ci", GroupName="all")
    iam.create_role(
        RoleName="deploy",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="of the site",
        MaxSessionDuration=7200,
        Tags=TAGS,
        PermissionsBoundary=managed,
    )
    iam.put_role_policy(RoleName="deploy", PolicyName="s3", PolicyDocument=text)
    iam.attach_role_policy(RoleName="deploy", PolicyArn=managed)
    provider = iam.create_open_id_connect_provider(
        Url="https://oidc.circleci.com/org/1f5ef4a1", ClientIDList=["1f5ef4a1", "other"]
    )["OpenIDConnectProviderArn"]

    account = read_all(iam)
    (user,), (role,) = account.users, account.roles
    assert read_user(iam, "ci") == user
    assert read_role(iam, "deploy") == role
    assert (read_provider(iam, provider),) == account.providers

    assert (account.id, account.partition) == (ACCOUNT, "aws")
    assert user.inline == {"s3": BUCKET}
    assert user.attached == {managed: BUCKET}
    assert account.groups["all"].inline == {"s3": BUCKET}
    assert user.groups == ("all",)
    assert (user.path, user.tags) == ("/circleci/", {"team": "data"})
    assert [(key.id, key.active) for key in user.keys] == list(
        zip(made, (False, True), strict=True)
    )
    assert user.has_console_password
    assert role.max_session_seconds == 7200
    assert (role.trust, role.description, role.boundary) == (TRUST, "of the site", managed)
    assert account.providers[0].url == "oidc.circleci.com/org/1f5ef4a1"
    assert account.providers[0].audiences == ("1f5ef4a1", "other")
    assert account.policies == {managed: BUCKET}


def test_what_is_not_there_is_none(iam: IAMClient) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/x"
    assert (read_user(iam, "ci"), read_role(iam, "ci"), read_provider(iam, arn)) == (None,) * 3


def test_a_managed_policy_that_may_not_be_read_is_there_without_its_document(
    iam: IAMClient,
) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(BUCKET))["Policy"]["Arn"]
    iam.create_user(UserName="ci")
    iam.attach_user_policy(UserName="ci", PolicyArn=arn)

    def refuse(**_: object) -> None:
        raise DENIED

    iam.meta.events.register("before-call.iam.GetPolicy", refuse)
    user = read_user(iam, "ci")
    assert user is not None
    assert user.attached == {arn: None}


DENIED = ClientError(
    {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "ListAccessKeys"
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DENIED, "iam:ListAccessKeys is denied; allow it to these credentials: An error occurred"),
        (NoCredentialsError(), "IAM can't be reached: Unable to locate credentials"),
    ],
)
def test_an_error_names_the_call_and_what_it_needs(
    iam: IAMClient, error: Exception, words: str
) -> None:
    iam.create_user(UserName="ci")

    def fail(**_: object) -> None:
        raise error

    iam.meta.events.register("before-call.iam.ListAccessKeys", fail)
    for read in (lambda: read_user(iam, "ci"), lambda: read_all(iam)):
        with pytest.raises(AccountError, match=words):
            read()
