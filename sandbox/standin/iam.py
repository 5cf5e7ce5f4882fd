"""The table's rows of users, roles, policies, access keys and OIDC providers."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from botocore.exceptions import ClientError

from components.aws.limits import MANAGED, NAME, SESSION_SECONDS, TRUST, Kind
from sandbox.standin import limits
from sandbox.standin.aws import Aws, aws_tags
from sandbox.standin.documents import text_of
from sandbox.standin.errors import is_gone
from sandbox.standin.resource_type import Call, Change, Limit, Property, ResourceType
from sandbox.standin.shared_properties import (
    ARN,
    POLICY_NAME,
    TAGS,
    arn_fault,
    document,
    name,
    path,
)
from sandbox.standin.values import Values

_VERSIONS: Final = 5
"""Versions of one managed policy that AWS keeps."""
_STATUSES: Final = ("Active", "Inactive")


def _session_fault(seconds: int) -> str | None:
    low, high = SESSION_SECONDS
    if low <= seconds <= high:
        return None
    return f"expected max_session_duration to be in the range ({low} - {high}), got {seconds}"


def _status_fault(status: str) -> str | None:
    return None if status in _STATUSES else f"expected status to be one of {_STATUSES}"


def _url_fault(url: str) -> str | None:
    if url.startswith("https://"):
        return None
    return f'expected "url" to have a url with schema of: "https", got {url}'


def _identity(  # noqa: PLR0913 - the columns in which a user and a role differ
    kind: Kind,
    properties: Mapping[str, Property],
    *,
    read: Call,
    delete: Call,
    changes: Mapping[tuple[str, ...], Change],
    limit: Limit | None = None,
) -> ResourceType:
    """Return the row of a user or a role."""
    title = kind.capitalize()
    key = f"{title}Name"

    def change_boundary(aws: Aws, old: Values, new: Values) -> None:
        iam: Any = aws.iam
        who = {key: old["name"]}
        if boundary := new.get("permissionsBoundary"):
            call = getattr(iam, f"put_{kind}_permissions_boundary")
            call(**who, PermissionsBoundary=boundary)
        else:
            getattr(iam, f"delete_{kind}_permissions_boundary")(**who)

    boundary = "PermissionsBoundary.PermissionsBoundaryArn"
    return ResourceType(
        token=f"aws:iam/{kind}:{title}",
        title=f"IAM {title}",
        properties={
            **properties,
            "permissionsBoundary": Property(boundary, fault=arn_fault),
            "tags": TAGS,
            "arn": ARN,
        },
        id="{name}",
        key={key: "name"},
        answer=title,
        create=f"create_{kind}",
        read=read,
        delete=delete,
        changes={("permissionsBoundary",): change_boundary, **changes},
        tag=f"tag_{kind}",
        untag=f"untag_{kind}",
        limit=limit,
    )


def _move_user(aws: Aws, old: Values, new: Values) -> None:
    aws.iam.update_user(UserName=old["name"], NewUserName=new["name"], NewPath=new["path"])
    # AWS keeps the tags, moto loses them with the ARN.
    aws.iam.tag_user(UserName=new["name"], Tags=aws_tags(old.get("tagsAll") or {}))


def _delete_user(aws: Aws, user: Values) -> None:
    """Delete a user: from its groups first, and with `forceDestroy` with all that it has."""
    who = {"UserName": user["name"]}
    for group in aws.iam.list_groups_for_user(**who)["Groups"]:
        aws.iam.remove_user_from_group(**who, GroupName=group["GroupName"])
    if user.get("forceDestroy"):
        for name in aws.iam.list_user_policies(**who)["PolicyNames"]:
            aws.iam.delete_user_policy(**who, PolicyName=name)
        for policy in aws.iam.list_attached_user_policies(**who)["AttachedPolicies"]:
            aws.iam.detach_user_policy(**who, PolicyArn=policy["PolicyArn"])
        for key in aws.iam.list_access_keys(**who)["AccessKeyMetadata"]:
            aws.iam.delete_access_key(**who, AccessKeyId=key["AccessKeyId"])
        with suppress(aws.iam.exceptions.NoSuchEntityException):
            aws.iam.delete_login_profile(**who)
    keys = aws.iam.list_access_keys(**who)["AccessKeyMetadata"]
    limits.check_unused(len(keys), "entity, must delete access keys first.")
    aws.iam.delete_user(**who)


def _delete_role(aws: Aws, role: Values) -> None:
    """Delete a role, with `forceDetachPolicies` with the policies that it has."""
    who = {"RoleName": role["name"]}
    if role.get("forceDetachPolicies"):
        for name in aws.iam.list_role_policies(**who)["PolicyNames"]:
            aws.iam.delete_role_policy(**who, PolicyName=name)
        for policy in aws.iam.list_attached_role_policies(**who)["AttachedPolicies"]:
            aws.iam.detach_role_policy(**who, PolicyArn=policy["PolicyArn"])
    aws.iam.delete_role(**who)


def _read_role(aws: Aws, role: Values) -> Values:
    """Read a role with all its policies, as the real provider does."""
    name = role["name"]
    inline = aws.iam.list_role_policies(RoleName=name)["PolicyNames"]
    policies = [aws.iam.get_role_policy(RoleName=name, PolicyName=one) for one in sorted(inline)]
    attached = aws.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {
        **aws.iam.get_role(RoleName=name)["Role"],
        "InlinePolicies": [
            {"name": one["PolicyName"], "policy": text_of(one["PolicyDocument"])}
            for one in policies
        ],
        "ManagedPolicyArns": sorted(policy["PolicyArn"] for policy in attached),
    }


def _change_trust(aws: Aws, old: Values, new: Values) -> None:
    aws.iam.update_assume_role_policy(RoleName=old["name"], PolicyDocument=new["assumeRolePolicy"])


def _limit_trust(_aws: Aws, new: Values) -> None:
    limits.check_size("ACLSizePerRole", TRUST, new["assumeRolePolicy"])


def _limit_policy(_aws: Aws, new: Values) -> None:
    limits.check_size("PolicySize", MANAGED, new["policy"])


def _read_policy(aws: Aws, policy: Values) -> Values:
    found = aws.iam.get_policy(PolicyArn=policy["id"])["Policy"]
    version = aws.iam.get_policy_version(
        PolicyArn=policy["id"], VersionId=found["DefaultVersionId"]
    )
    return {**found, "PolicyDocument": version["PolicyVersion"]["Document"]}


def _change_policy(aws: Aws, old: Values, new: Values) -> None:
    """Make a new version; the oldest goes where there is no room for one more."""
    arn = old["id"]
    versions = aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    others = [version for version in versions if not version["IsDefaultVersion"]]
    others.sort(key=lambda version: version["CreateDate"])
    for version in others[: max(0, len(versions) - _VERSIONS + 1)]:
        aws.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=new["policy"], SetAsDefault=True)


def _delete_policy(aws: Aws, policy: Values) -> None:
    arn = policy["id"]
    uses = aws.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"]
    limits.check_unused(uses, "a policy attached to entities.")
    for version in aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            aws.iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    aws.iam.delete_policy(PolicyArn=arn)


def _create_key(aws: Aws, new: Values) -> Values:
    key = aws.iam.create_access_key(UserName=new["user"])["AccessKey"]
    if new["status"] != key["Status"]:
        aws.iam.update_access_key(
            UserName=new["user"], AccessKeyId=key["AccessKeyId"], Status=new["status"]
        )
    return dict(key)


def _read_key(aws: Aws, key: Values) -> Values | None:
    user = key.get("user") or _user_of(aws, key["id"])
    if user is None:
        return None
    listed = aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    return next((dict(one) for one in listed if one["AccessKeyId"] == key["id"]), None)


def _user_of(aws: Aws, id_: str) -> str | None:
    """Find the user of a key that is imported."""
    try:
        return aws.iam.get_access_key_last_used(AccessKeyId=id_).get("UserName")
    except ClientError as error:
        if is_gone(error) or error.response["Error"]["Code"] == "AccessDenied":
            return None
        raise


def _change_clients(aws: Aws, old: Values, new: Values) -> None:
    """Make the provider anew: AWS adds and removes client ids, for which moto has no call."""
    aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=old["id"])
    aws.iam.create_open_id_connect_provider(
        Url=new["url"],
        ClientIDList=new["clientIdLists"],
        Tags=aws_tags(new["tagsAll"]),
    )


ROWS: Final = (
    _identity(
        "user",
        {
            "name": name("UserName", NAME, replaces=False),
            "path": path(replaces=False),
            "forceDestroy": Property("", kind=bool),
            "uniqueId": Property("UserId", output=True),
        },
        read="get_user",
        delete=_delete_user,
        changes={("name", "path"): _move_user},
    ),
    _identity(
        "role",
        {
            "name": name("RoleName", NAME),
            "path": path(),
            "assumeRolePolicy": document("AssumeRolePolicyDocument"),
            "description": Property("Description"),
            "maxSessionDuration": Property(
                "MaxSessionDuration", kind=int, default=SESSION_SECONDS[0], fault=_session_fault
            ),
            "forceDetachPolicies": Property("", kind=bool),
            "createDate": Property("CreateDate", output=True),
            "inlinePolicies": Property("InlinePolicies", kind=list, output=True),
            "managedPolicyArns": Property("ManagedPolicyArns", kind=list, output=True),
            "uniqueId": Property("RoleId", output=True),
        },
        read=_read_role,
        delete=_delete_role,
        changes={
            ("assumeRolePolicy",): _change_trust,
            ("description",): "update_role_description",
            ("maxSessionDuration", "description"): "update_role",
        },
        limit=_limit_trust,
    ),
    ResourceType(
        token="aws:iam/policy:Policy",  # noqa: S106 - a type's token
        title="IAM Policy",
        properties={
            "name": name("PolicyName", POLICY_NAME),
            "path": path(),
            "description": Property("Description", replaces=True),
            "policy": document("PolicyDocument"),
            "tags": TAGS,
            "arn": ARN,
            "attachmentCount": Property("AttachmentCount", kind=int, output=True),
            "policyId": Property("PolicyId", output=True),
        },
        id="{arn}",
        key={"PolicyArn": "id"},
        answer="Policy",
        create="create_policy",
        read=_read_policy,
        delete=_delete_policy,
        changes={("policy",): _change_policy},
        tag="tag_policy",
        untag="untag_policy",
        limit=_limit_policy,
    ),
    ResourceType(
        token="aws:iam/accessKey:AccessKey",  # noqa: S106 - a type's token
        title="IAM Access Key",
        properties={
            "user": Property("UserName", required=True, replaces=True),
            "status": Property("Status", default="Active", fault=_status_fault),
            "createDate": Property("CreateDate", output=True),
            "secret": Property("SecretAccessKey", output=True, secret=True),
        },
        id="{AccessKeyId}",
        key={"UserName": "user", "AccessKeyId": "id"},
        create=_create_key,
        read=_read_key,
        delete="delete_access_key",
        changes={("status",): "update_access_key"},
    ),
    ResourceType(
        token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",  # noqa: S106 - a type's token
        title="IAM OIDC Provider",
        properties={
            "url": Property(
                "Url",
                required=True,
                replaces=True,
                fault=_url_fault,
                meaning=lambda url: url.removeprefix("https://"),  # which AWS leaves out
            ),
            "clientIdLists": Property("ClientIDList", kind=list, required=True, meaning=sorted),
            "tags": TAGS,
            "arn": Property("OpenIDConnectProviderArn", output=True),
        },
        id="{arn}",
        key={"OpenIDConnectProviderArn": "id"},
        create="create_open_id_connect_provider",
        read="get_open_id_connect_provider",
        delete="delete_open_id_connect_provider",
        changes={("clientIdLists",): _change_clients},
        tag="tag_open_id_connect_provider",
        untag="untag_open_id_connect_provider",
    ),
)
