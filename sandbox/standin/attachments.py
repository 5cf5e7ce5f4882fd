"""The table: managed policies attached to users and roles.

The id in Pulumi's state is `NAME-ARN`; an import names `NAME/ARN`, as with the real provider.
"""

from typing import Final

from sandbox.standin import limits
from sandbox.standin.aws import Aws
from sandbox.standin.parts import arn_fault
from sandbox.standin.resource_type import Created, Input, ResourceType, no_update
from sandbox.standin.values import Values

_ARN: Final = Input(required=True, replaces=True, fault=arn_fault)
_IDENTITY: Final = Input(required=True, replaces=True)


def _parts(id_: str, who: str, old: Values) -> tuple[str, str]:
    """Return the identity's name and the policy's ARN."""
    if who in old:
        return old[who], old["policyArn"]
    name, _, arn = id_.partition("/")
    return name, arn


def _attach_to_user(aws: Aws, new: Values) -> Created:
    user, arn = new["user"], new["policyArn"]
    with limits.CHECK_AND_ACT:
        others = set(_on_user(aws, user)) - {arn}
        limits.check_attached("AttachUserPolicy", "user", len(others))
        aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    return Created(f"{user}-{arn}")


def _on_user(aws: Aws, user: str) -> list[str]:
    pages = aws.iam.get_paginator("list_attached_user_policies").paginate(UserName=user)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _read_on_user(aws: Aws, id_: str, old: Values) -> Values | None:
    user, arn = _parts(id_, "user", old)
    if arn not in _on_user(aws, user):
        return None
    return {"id": f"{user}-{arn}", "policyArn": arn, "user": user}


def _detach_from_user(aws: Aws, _id: str, old: Values) -> None:
    aws.iam.detach_user_policy(UserName=old["user"], PolicyArn=old["policyArn"])


def _attach_to_role(aws: Aws, new: Values) -> Created:
    role, arn = new["role"], new["policyArn"]
    with limits.CHECK_AND_ACT:
        others = set(_on_role(aws, role)) - {arn}
        limits.check_attached("AttachRolePolicy", "role", len(others))
        aws.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    return Created(f"{role}-{arn}")


def _on_role(aws: Aws, role: str) -> list[str]:
    pages = aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _read_on_role(aws: Aws, id_: str, old: Values) -> Values | None:
    role, arn = _parts(id_, "role", old)
    if arn not in _on_role(aws, role):
        return None
    return {"id": f"{role}-{arn}", "policyArn": arn, "role": role}


def _detach_from_role(aws: Aws, _id: str, old: Values) -> None:
    aws.iam.detach_role_policy(RoleName=old["role"], PolicyArn=old["policyArn"])


USER_POLICY_ATTACHMENT: Final = ResourceType(
    token="aws:iam/userPolicyAttachment:UserPolicyAttachment",  # noqa: S106 - a type's token
    title="IAM User Policy Attachment",
    label="user",
    inputs={"policyArn": _ARN, "user": _IDENTITY},
    create=_attach_to_user,
    read=_read_on_user,
    update=no_update,
    delete=_detach_from_user,
)

ROLE_POLICY_ATTACHMENT: Final = ResourceType(
    token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",  # noqa: S106 - a type's token
    title="IAM Role Policy Attachment",
    label="role",
    inputs={"policyArn": _ARN, "role": _IDENTITY},
    create=_attach_to_role,
    read=_read_on_role,
    update=no_update,
    delete=_detach_from_role,
)
