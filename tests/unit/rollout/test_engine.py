import json
from typing import Any

import pytest

from rollout.execution.engine import RefusedError, check_accounts, check_protected
from rollout.execution.task import Cli, Operation, Task

TASK = Task(
    Operation.DESTROY, "dev", "/project", Cli("pulumi", "3.200.0"), accounts=("111111111111",)
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
        f"it was deployed with aws:allowedAccountIds {said}, and its file says 111111111111: "
        "deploy it once more before it is destroyed, or use `pulumi destroy --stack dev`"
    )


def test_what_is_protected_is_named_with_what_to_do() -> None:
    urn = "urn:pulumi:dev::p::aws:iam/openIdConnectProvider:OpenIdConnectProvider::circleci-1"
    check_protected(TASK, [{"urn": urn, "protect": False}, {"urn": urn}])
    with pytest.raises(RefusedError) as caught:
        check_protected(TASK, [{"urn": urn, "protect": True}])
    assert str(caught.value) == (
        "nothing was deleted, since circleci-1 is protected, as roles of other stacks may trust "
        "it: --exclude-protected leaves it and deletes the rest; to delete it too, first run\n"
        f"  pulumi state unprotect '{urn}' --stack dev --yes"
    )
