"""Why a destroy or an up is refused, from the state: other accounts, protected resources."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from components.aws.partitions import account_of_arn
from rollout.execution.task import Operation, Task


class RefusedError(Exception):
    """The operation would do harm or is not possible; nothing was changed."""


def check_place(task: Task, resources: Iterable[Mapping[str, Any]]) -> None:
    """Check that everything in a state is in an account that the stack's file allows.

    Raises:
        RefusedError: a resource is in another account.
    """
    if found := {account_of_arn(arn) for arn in arns_of(resources)} - {*task.accounts, ""}:
        then = "deploy it, then destroy it"
        if task.operation is Operation.UP:
            then = "use another stack file for another account"
        raise RefusedError(
            f"it was deployed in account {', '.join(sorted(found))}, but its file has "
            f"aws:allowedAccountIds {', '.join(task.accounts)}: set the account that it was "
            f"deployed in, {then}; or keep the resources and forget the stack with "
            f"`pulumi stack rm --force {task.stack}`"
        )


def check_accounts(task: Task, resources: Sequence[Mapping[str, Any]]) -> None:
    """Check that a state, and all AWS providers in it, belong to what the stack's file allows.

    With the credentials of another account, a destroy would find nothing, report success, and
    remove the resources from the state. The providers alone are not enough: an `up` that is refused
    because the stack's file names another account has written that account into the state.

    Raises:
        RefusedError: a resource is in another account, or a provider allows other accounts.
    """
    check_place(task, resources)
    for resource in resources:
        if resource["type"] != "pulumi:providers:aws":
            continue
        allowed = json.loads(resource.get("inputs", {}).get("allowedAccountIds") or "[]")
        allowed = sorted(map(str, allowed))
        if allowed != sorted(task.accounts):
            deployed = ", ".join(allowed) or "unset"
            raise RefusedError(
                f"its state has aws:allowedAccountIds {deployed}, but its file has "
                f"{', '.join(task.accounts)}: deploy it, then destroy it; or use "
                f"`pulumi destroy --stack {task.stack}`"
            )


def arns_of(resources: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for resource in resources:
        arn = (resource.get("outputs") or {}).get("arn")
        if isinstance(arn, str):
            yield arn


def check_protected(task: Task, resources: Iterable[Mapping[str, Any]]) -> None:
    """Check that no resource in a state is protected: a destroy would fail after deleting the rest.

    Raises:
        RefusedError: a resource is protected.
    """
    urns = [resource["urn"] for resource in resources if resource.get("protect")]
    if urns:
        unprotect = "\n".join(
            f"  pulumi state unprotect '{urn}' --stack {task.stack} --yes" for urn in urns
        )
        it, is_ = ("it", "is") if len(urns) == 1 else ("them", "are")
        raise RefusedError(
            f"Nothing was deleted: {', '.join(map(_name, urns))} {is_} protected, as roles of "
            f"other stacks may trust {it}.\n"
            f"--exclude-protected leaves {it} and deletes the rest.\n"
            f"To delete {it} too, first run:\n{unprotect}"
        )


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
