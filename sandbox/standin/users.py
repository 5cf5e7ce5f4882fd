"""The table: users, their inline policies and their access keys."""

from typing import Final

from components.aws.limits import NAME
from sandbox.standin import limits
from sandbox.standin.aws import Aws
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
    user_name_fault,
)
from sandbox.standin.resource_type import Created, Input, ResourceType
from sandbox.standin.values import Values


def _create_user(aws: Aws, new: Values) -> Created:
    limits.check_name("CreateUser", "userName", new["name"])
    limits.check_path("CreateUser", new["path"])
    answer = aws.iam.create_user(
        UserName=new["name"],
        Path=new["path"],
        Tags=aws_tags(new),
        **given(PermissionsBoundary=new.get("permissionsBoundary")),
    )
    return Created(answer["User"]["UserName"])


def _read_user(aws: Aws, id_: str, old: Values) -> Values:
    user = aws.iam.get_user(UserName=old.get("name", id_))["User"]
    return {
        "arn": user["Arn"],
        "forceDestroy": old.get("forceDestroy", False),
        "name": user["UserName"],
        "path": user["Path"],
        "permissionsBoundary": user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tagsAll": read_tags(user.get("Tags", [])),
        "uniqueId": user["UserId"],
    }


def _update_user(aws: Aws, _id: str, old: Values, new: Values) -> None:
    name = new["name"]
    if differs("name", old, new) or differs("path", old, new):
        limits.check_name("UpdateUser", "newUserName", name)
        limits.check_path("UpdateUser", new["path"])
        aws.iam.update_user(UserName=old["name"], NewUserName=name, NewPath=new["path"])
    if differs("permissionsBoundary", old, new):
        if boundary := new.get("permissionsBoundary"):
            aws.iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
        else:
            aws.iam.delete_user_permissions_boundary(UserName=name)
    gone, put = changed_tags(old, new)
    if gone:
        aws.iam.untag_user(UserName=name, TagKeys=gone)
    if put:
        aws.iam.tag_user(UserName=name, Tags=put)


def _delete_user(aws: Aws, _id: str, old: Values) -> None:
    name = old["name"]
    keys = aws.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    if not old.get("forceDestroy"):
        limits.check_unused("DeleteUser", len(keys), "entity, must delete access keys first.")
    for key in keys:
        aws.iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    aws.iam.delete_user(UserName=name)


USER: Final = ResourceType(
    token="aws:iam/user:User",  # noqa: S106 - a type's token
    title="IAM User",
    label="name",
    inputs={
        "forceDestroy": Input(kind=bool, default=False),
        "name": Input(named_up_to=NAME, fault=user_name_fault),
        "path": Input(default="/"),
        "permissionsBoundary": Input(fault=arn_fault),
        "tags": TAGS,
    },
    outputs=("arn", "uniqueId"),
    tagged=True,
    create=_create_user,
    read=_read_user,
    update=_update_user,
    delete=_delete_user,
)


def _put_user_policy(aws: Aws, new: Values) -> Created:
    user, name = new["user"], new["name"]
    with limits.CHECK_AND_ACT:
        documents = [new["policy"]]
        for other in aws.iam.list_user_policies(UserName=user)["PolicyNames"]:
            if other != name:
                found = aws.iam.get_user_policy(UserName=user, PolicyName=other)
                documents.append(text_of(found["PolicyDocument"]))
        limits.check_inline("PutUserPolicy", "user", user, documents)
        aws.iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=new["policy"])
    return Created(f"{user}:{name}")


def _read_user_policy(aws: Aws, id_: str, old: Values) -> Values:
    user, name = id_.split(":", 1)
    found = aws.iam.get_user_policy(UserName=user, PolicyName=name)
    policy = kept_text(old, "policy", found["PolicyDocument"])
    return {"name": name, "namePrefix": old.get("namePrefix"), "policy": policy, "user": user}


def _update_user_policy(aws: Aws, _id: str, _old: Values, new: Values) -> None:
    _put_user_policy(aws, new)


def _delete_user_policy(aws: Aws, id_: str, _old: Values) -> None:
    user, name = id_.split(":", 1)
    aws.iam.delete_user_policy(UserName=user, PolicyName=name)


USER_POLICY: Final = ResourceType(
    token="aws:iam/userPolicy:UserPolicy",  # noqa: S106 - a type's token
    title="IAM User Policy",
    label="name",
    inputs={
        "name": Input(named_up_to=128, replaces=True, fault=name_fault),
        "namePrefix": Input(replaces=True, computed=True, fault=name_fault),
        "policy": POLICY,
        "user": Input(required=True, replaces=True),
    },
    create=_put_user_policy,
    read=_read_user_policy,
    update=_update_user_policy,
    delete=_delete_user_policy,
)
