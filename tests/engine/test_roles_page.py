"""docs/roles.md, "From a user to a role": each step, as written, does what it says."""

import re
from typing import Any, Final

import pytest
import yaml

from tests.engine.harness import Project, Stack, fresh_account
from tests.unit.pages import blocks, page

SECTION: Final = page("docs/roles.md").partition("## From a user to a role")[2]
USER: Final = "circleci-deploy"
ROLE: Final = "circleci-deploy-role"


@pytest.fixture
def account() -> str:
    return fresh_account()


def config(text: str, account: str, bucket: str) -> dict[str, Any]:
    """The config of a stack's file, with an account and a bucket that no other test uses."""
    found: dict[str, Any] = yaml.safe_load(text.replace("acme-site", bucket))["config"]
    return {**found, "aws:allowedAccountIds": [account]}


def without(text: str, identity: str) -> str:
    """The file with an identity's lines taken out."""
    left, count = re.subn(rf"^    {identity}:.*\n(?:      .*\n)+", "", text, flags=re.MULTILINE)
    assert count == 1
    return left


def key_id(stack: Stack) -> str:
    (key,) = stack.iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
    return key["AccessKeyId"]


def test_a_user_is_replaced_by_a_role_as_the_page_says(
    checkout: Project, account: str, bucket: str
) -> None:
    (both,) = blocks(SECTION, "yaml")
    before = without(both, ROLE)
    stack = checkout.stack(config(before, account, bucket), account=account)
    stack.up()
    key = key_id(stack)

    stack.write(config(both, account, bucket))
    assert set(stack.up().changed) == {"create"}
    assert key_id(stack) == key
    role = stack.iam.get_role(RoleName=ROLE)["Role"]
    assert "circleciConfig" in stack.outputs()["identities"][ROLE]

    assert "so that it is `accessKeys: []`" in SECTION
    no_key = both.replace('accessKeys: ["2026-11"]', "accessKeys: []")
    stack.write(config(no_key, account, bucket))
    assert set(stack.up().changed) == {"delete"}
    assert stack.iam.list_access_keys(UserName=USER)["AccessKeyMetadata"] == []

    stack.write(config(without(no_key, USER), account, bucket))
    assert set(stack.up().changed) == {"delete"}
    assert stack.iam.list_users()["Users"] == []
    assert stack.iam.get_role(RoleName=ROLE)["Role"] == role
    stack.preview("--expect-no-changes")
