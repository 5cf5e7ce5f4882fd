"""The table: managed policies."""

from typing import Final

from sandbox.standin import limits
from sandbox.standin.aws import Aws
from sandbox.standin.documents import same_document
from sandbox.standin.parts import (
    POLICY as DOCUMENT,
)
from sandbox.standin.parts import (
    TAGS,
    aws_tags,
    changed_tags,
    given,
    kept_text,
    name_fault,
    read_tags,
)
from sandbox.standin.resource_type import Created, Input, ResourceType
from sandbox.standin.values import Values

_NAME: Final = 128
_VERSIONS: Final = 5
"""Versions of one policy that AWS keeps."""


def _create(aws: Aws, new: Values) -> Created:
    limits.check_name("CreatePolicy", "policyName", new["name"], _NAME)
    limits.check_path("CreatePolicy", new["path"])
    limits.check_managed("CreatePolicy", new["policy"])
    answer = aws.iam.create_policy(
        PolicyName=new["name"],
        Path=new["path"],
        PolicyDocument=new["policy"],
        Tags=aws_tags(new),
        **given(Description=new.get("description")),
    )
    return Created(answer["Policy"]["Arn"])


def _read(aws: Aws, id_: str, old: Values) -> Values:
    policy = aws.iam.get_policy(PolicyArn=id_)["Policy"]
    version = aws.iam.get_policy_version(PolicyArn=id_, VersionId=policy["DefaultVersionId"])
    return {
        "arn": policy["Arn"],
        "attachmentCount": policy["AttachmentCount"],
        "description": policy.get("Description") or None,
        "name": policy["PolicyName"],
        "namePrefix": old.get("namePrefix"),
        "path": policy["Path"],
        "policy": kept_text(old, "policy", version["PolicyVersion"]["Document"]),
        "policyId": policy["PolicyId"],
        "tagsAll": read_tags(aws.iam.list_policy_tags(PolicyArn=id_)["Tags"]),
    }


def _update(aws: Aws, id_: str, old: Values, new: Values) -> None:
    if not same_document(old["policy"], new["policy"]):
        limits.check_managed("CreatePolicyVersion", new["policy"])
        _prune(aws, id_)
        aws.iam.create_policy_version(
            PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True
        )
    gone, put = changed_tags(old, new)
    if gone:
        aws.iam.untag_policy(PolicyArn=id_, TagKeys=gone)
    if put:
        aws.iam.tag_policy(PolicyArn=id_, Tags=put)


def _prune(aws: Aws, id_: str) -> None:
    """Make room for one more version; the default one is never deleted."""
    versions = aws.iam.list_policy_versions(PolicyArn=id_)["Versions"]
    others = [version for version in versions if not version["IsDefaultVersion"]]
    others.sort(key=lambda version: version["CreateDate"])
    for version in others[: max(0, len(versions) - _VERSIONS + 1)]:
        aws.iam.delete_policy_version(PolicyArn=id_, VersionId=version["VersionId"])


def _delete(aws: Aws, id_: str, _old: Values) -> None:
    uses = aws.iam.get_policy(PolicyArn=id_)["Policy"]["AttachmentCount"]
    limits.check_unused("DeletePolicy", uses, "a policy attached to entities.")
    for version in aws.iam.list_policy_versions(PolicyArn=id_)["Versions"]:
        if not version["IsDefaultVersion"]:
            aws.iam.delete_policy_version(PolicyArn=id_, VersionId=version["VersionId"])
    aws.iam.delete_policy(PolicyArn=id_)


POLICY: Final = ResourceType(
    token="aws:iam/policy:Policy",  # noqa: S106 - a type's token
    title="IAM Policy",
    label="name",
    inputs={
        "description": Input(replaces=True),
        "name": Input(named_up_to=_NAME, replaces=True, fault=name_fault),
        "namePrefix": Input(replaces=True, computed=True, fault=name_fault),
        "path": Input(default="/", replaces=True),
        "policy": DOCUMENT,
        "tags": TAGS,
    },
    outputs=("arn", "attachmentCount", "policyId"),
    tagged=True,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)
