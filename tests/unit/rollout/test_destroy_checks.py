import json
from pathlib import Path
from typing import Any

import pytest
from semver import Version

from rollout.execution.destroy_checks import RefusedError, check_accounts, check_protected
from rollout.execution.task import Operation, Task
from tools.toolchain import Cli

TASK = Task(
    Operation.DESTROY,
    "dev",
    "/project",
    Cli(Path("pulumi"), Version(3, 200)),
    accounts=("111111111111",),
)


def provider(**inputs: object) -> dict[str, Any]:
    return {"type": "pulumi:providers:aws", "inputs": inputs}


def test_a_state_that_allows_what_the_file_allows_is_destroyed() -> None:
    others: list[dict[str, Any]] = [{"type": "pulumi:pulumi:Stack"}, {"type": "aws:iam/user:User"}]
    check_accounts(TASK, [*others, provider(allowedAccountIds=json.dumps(["111111111111"]))])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [({}, "unset"), ({"allowedAccountIds": json.dumps(["222222222222"])}, "222222222222")],
)
def test_a_state_without_the_files_guard_is_not(inputs: dict[str, str], said: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_accounts(TASK, [provider(**inputs)])
    assert str(caught.value) == (
        f"its state has aws:allowedAccountIds {said}, but its file has 111111111111: "
        "deploy it, then destroy it; or use `pulumi destroy --stack dev`"
    )


def user(account: str) -> dict[str, Any]:
    arn = f"arn:aws:iam::{account}:user/ci"
    return {"type": "aws:iam/user:User", "outputs": {"arn": arn}}


def test_a_state_with_something_in_another_account_is_not_whatever_its_provider_says() -> None:
    """A refused `up` has written the new account into the provider."""
    ours = provider(allowedAccountIds=json.dumps(["111111111111"]))
    bucket = {"type": "aws:s3/bucket:Bucket", "outputs": {"arn": "arn:aws:s3:::logs"}}
    check_accounts(TASK, [ours, user("111111111111"), bucket])
    with pytest.raises(RefusedError) as caught:
        check_accounts(TASK, [ours, user("222222222222")])
    assert str(caught.value) == (
        "it was deployed in account 222222222222, but its file has aws:allowedAccountIds "
        "111111111111: set the account that it was deployed in, deploy it, then destroy it; "
        "or keep the resources and forget the stack with `pulumi stack rm --force dev`"
    )


def test_what_is_protected_is_named_with_what_to_do() -> None:
    urn = "urn:pulumi:dev::p::aws:iam/openIdConnectProvider:OpenIdConnectProvider::circleci-1"
    check_protected(TASK, [{"urn": urn, "protect": False}, {"urn": urn}])
    with pytest.raises(RefusedError) as caught:
        check_protected(TASK, [{"urn": urn, "protect": True}])
    assert str(caught.value) == (
        "Nothing was deleted: circleci-1 is protected, as roles of other stacks may trust it.\n"
        "--exclude-protected leaves it and deletes the rest.\n"
        "To delete it too, first run:\n"
        f"  pulumi state unprotect '{urn}' --stack dev --yes"
    )
