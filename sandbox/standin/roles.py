"""The table: roles and their inline policies."""

from typing import Final

from components.aws.limits import NAME
from sandbox.standin import limits
from sandbox.standin.aws import Aws
from sandbox.standin.documents import same_document
from sandbox.standin.parts import (
    POLICY,
    TAGS,
    arn_fault,
    aws_tags,
    changed_tags,
    differs,
    given,
    kept_text,
    name_fault,
    read_tags,
    text_of,
)
from sandbox.standin.resource_type import Created, Input, ResourceType
from sandbox.standin.values import Values

_POLICY_NAME: Final = 128


def _create_role(aws: Aws, new: Values) -> Created:
    limits.check_name("CreateRole", "roleName", new["name"])
    limits.check_path("CreateRole", new["path"])
    limits.check_trust("CreateRole", new["assumeRolePolicy"])
    answer = aws.iam.create_role(
        RoleName=new["name"],
        Path=new["path"],
        AssumeRolePolicyDocument=new["assumeRolePolicy"],
        MaxSessionDuration=new["maxSessionDuration"],
        Tags=aws_tags(new),
        **given(
            Description=new.get("description"),
            PermissionsBoundary=new.get("permissionsBoundary"),
        ),
    )
    return Created(answer["Role"]["RoleName"])


def _read_role(aws: Aws, id_: str, old: Values) -> Values:
    role = aws.iam.get_role(RoleName=id_)["Role"]
    policies = aws.iam.list_role_policies(RoleName=id_)["PolicyNames"]
    attached = aws.iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]
    return {
        "arn": role["Arn"],
        "assumeRolePolicy": kept_text(old, "assumeRolePolicy", role["AssumeRolePolicyDocument"]),
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": role.get("Description") or None,
        "forceDetachPolicies": old.get("forceDetachPolicies", False),
        "inlinePolicies": [_inline(aws, id_, name) for name in sorted(policies)],
        "managedPolicyArns": sorted(policy["PolicyArn"] for policy in attached),
        "maxSessionDuration": role.get("MaxSessionDuration"),
        "name": role["RoleName"],
        "namePrefix": old.get("namePrefix"),
        "path": role["Path"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tagsAll": read_tags(role.get("Tags", [])),
        "uniqueId": role["RoleId"],
    }


def _inline(aws: Aws, role: str, name: str) -> Values:
    found = aws.iam.get_role_policy(RoleName=role, PolicyName=name)
    return {"name": name, "policy": text_of(found["PolicyDocument"])}


def _update_role(aws: Aws, id_: str, old: Values, new: Values) -> None:
    trust = new["assumeRolePolicy"]
    if not same_document(old["assumeRolePolicy"], trust):
        limits.check_trust("UpdateAssumeRolePolicy", trust)
        aws.iam.update_assume_role_policy(RoleName=id_, PolicyDocument=trust)
    if differs("description", old, new):
        aws.iam.update_role_description(RoleName=id_, Description=new.get("description", ""))
    if differs("maxSessionDuration", old, new):
        aws.iam.update_role(
            RoleName=id_,
            MaxSessionDuration=new["maxSessionDuration"],
            Description=new.get("description", ""),
        )
    if differs("permissionsBoundary", old, new):
        if boundary := new.get("permissionsBoundary"):
            aws.iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=boundary)
        else:
            aws.iam.delete_role_permissions_boundary(RoleName=id_)
    gone, put = changed_tags(old, new)
    if gone:
        aws.iam.untag_role(RoleName=id_, TagKeys=gone)
    if put:
        aws.iam.tag_role(RoleName=id_, Tags=put)


def _delete_role(aws: Aws, id_: str, old: Values) -> None:
    if old.get("forceDetachPolicies"):
        for policy in aws.iam.list_attached_role_policies(RoleName=id_)["AttachedPolicies"]:
            aws.iam.detach_role_policy(RoleName=id_, PolicyArn=policy["PolicyArn"])
        for name in aws.iam.list_role_policies(RoleName=id_)["PolicyNames"]:
            aws.iam.delete_role_policy(RoleName=id_, PolicyName=name)
    aws.iam.delete_role(RoleName=id_)


ROLE: Final = ResourceType(
    token="aws:iam/role:Role",  # noqa: S106 - a type's token
    title="IAM Role",
    label="name",
    inputs={
        "assumeRolePolicy": POLICY,
        "description": Input(),
        "forceDetachPolicies": Input(kind=bool, default=False),
        "maxSessionDuration": Input(kind=int, default=3600, fault=limits.session_fault),
        "name": Input(named_up_to=NAME, replaces=True, fault=name_fault),
        "namePrefix": Input(replaces=True, computed=True, fault=name_fault),
        "path": Input(default="/", replaces=True),
        "permissionsBoundary": Input(fault=arn_fault),
        "tags": TAGS,
    },
    outputs=("arn", "createDate", "inlinePolicies", "managedPolicyArns", "uniqueId"),
    tagged=True,
    create=_create_role,
    read=_read_role,
    update=_update_role,
    delete=_delete_role,
)


def _put_role_policy(aws: Aws, new: Values) -> Created:
    role, name = new["role"], new["name"]
    with limits.CHECK_AND_ACT:
        others = set(aws.iam.list_role_policies(RoleName=role)["PolicyNames"]) - {name}
        documents = [new["policy"], *(_inline(aws, role, other)["policy"] for other in others)]
        limits.check_inline("PutRolePolicy", "role", role, documents)
        aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=new["policy"])
    return Created(f"{role}:{name}")


def _read_role_policy(aws: Aws, id_: str, old: Values) -> Values:
    role, name = id_.split(":", 1)
    found = aws.iam.get_role_policy(RoleName=role, PolicyName=name)
    policy = kept_text(old, "policy", found["PolicyDocument"])
    return {"name": name, "namePrefix": old.get("namePrefix"), "policy": policy, "role": role}


def _update_role_policy(aws: Aws, _id: str, _old: Values, new: Values) -> None:
    _put_role_policy(aws, new)


def _delete_role_policy(aws: Aws, id_: str, _old: Values) -> None:
    role, name = id_.split(":", 1)
    aws.iam.delete_role_policy(RoleName=role, PolicyName=name)


ROLE_POLICY: Final = ResourceType(
    token="aws:iam/rolePolicy:RolePolicy",  # noqa: S106 - a type's token
    title="IAM Role Policy",
    label="name",
    inputs={
        "name": Input(named_up_to=_POLICY_NAME, replaces=True, fault=name_fault),
        "namePrefix": Input(replaces=True, computed=True, fault=name_fault),
        "policy": POLICY,
        "role": Input(required=True, replaces=True),
    },
    create=_put_role_policy,
    read=_read_role_policy,
    update=_update_role_policy,
    delete=_delete_role_policy,
)
