"""Reads IAM: one identity by its name, or all of an account. Nothing is changed.

AWS's managed policies of a whole account are told only where they are attached.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.aws.limits import Kind
from components.iam.document import PolicyDocument
from rollout.deployed.model import (
    DeployedAccount,
    DeployedGroup,
    DeployedKey,
    DeployedProvider,
    DeployedRole,
    DeployedUser,
    LastUse,
)
from rollout.errors import AccountError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

RETRIES: Final = Config(retries={"mode": "standard", "max_attempts": 10})
"""For clients that read much: IAM throttles."""

_Inline = Mapping[str, PolicyDocument]
_Attached = Mapping[str, PolicyDocument | None]

_AT_ONCE: Final = 8
"""Users whose keys are read at the same time: each takes three calls or more."""
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_NEVER: Final = "N/A"


def read_user(iam: "IAMClient", name: str) -> DeployedUser | None:
    """Read a user; None if there is no user of this name.

    Raises:
        AccountError: a call fails. The text names the call, and the permission that it needs.
    """
    with _told(), suppress(iam.exceptions.NoSuchEntityException):
        user = iam.get_user(UserName=name)["User"]
        groups = _all(iam, "list_groups_for_user", "Groups", UserName=name)
        names = [one["GroupName"] for one in groups]
        return _user(iam, user, *_policies(iam, "user", name), names)
    return None


def read_keys(iam: "IAMClient", user: str) -> tuple[DeployedKey, ...]:
    """Read a user's access keys with their last use; none if there is no user of this name.

    Raises:
        AccountError: as `read_user` does.
    """
    with _told(), suppress(iam.exceptions.NoSuchEntityException):
        return tuple(_keys(iam, user))
    return ()


def read_role(iam: "IAMClient", name: str) -> DeployedRole | None:
    """Read a role; None if there is no role of this name.

    Raises:
        AccountError: as `read_user` does.
    """
    with _told(), suppress(iam.exceptions.NoSuchEntityException):
        role = iam.get_role(RoleName=name)["Role"]
        return _role(role, role, *_policies(iam, "role", name))
    return None


def read_provider(iam: "IAMClient", arn: str) -> DeployedProvider | None:
    """Read an OIDC provider; None if there is none of this ARN.

    Raises:
        AccountError: as `read_user` does.
    """
    with _told(), suppress(iam.exceptions.NoSuchEntityException):
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        audiences, thumbprints = (tuple(found[key]) for key in ("ClientIDList", "ThumbprintList"))
        return DeployedProvider(arn, found["Url"], audiences, thumbprints)
    return None


def read_account(iam: "IAMClient", sts: "STSClient") -> DeployedAccount:
    """Read all users, roles, groups, policies and OIDC providers of an account.

    Raises:
        AccountError: as `read_user` does.
    """
    with _told(), ThreadPoolExecutor(_AT_ONCE) as pool:
        caller = sts.get_caller_identity()
        details = iam.get_paginator("get_account_authorization_details").paginate()
        found: dict[str, list[Any]] = defaultdict(list)
        for page in details:
            for kind in ("User", "Role", "Group"):
                found[kind] += page[f"{kind}DetailList"]  # type: ignore[literal-required] # one of three
            found["Policy"] += page["Policies"]
        policies = {
            policy["Arn"]: _document(version["Document"])
            for policy in found["Policy"]
            for version in policy["PolicyVersionList"]
            if version["IsDefaultVersion"]
        }

        def held(kind: str, one: Mapping[str, Any]) -> tuple[_Inline, _Attached]:
            inline = one.get(f"{kind}PolicyList", ())
            attached = (policy["PolicyArn"] for policy in one.get("AttachedManagedPolicies", ()))
            return (
                {policy["PolicyName"]: _document(policy["PolicyDocument"]) for policy in inline},
                {arn: policies.get(arn) for arn in attached},
            )

        def user(one: Mapping[str, Any]) -> DeployedUser | None:
            with suppress(iam.exceptions.NoSuchEntityException):  # deleted meanwhile
                return _user(iam, one, *held("User", one), one.get("GroupList", ()))
            return None

        # The details lack a role's session length and description.
        entries = {one["RoleName"]: one for one in _all(iam, "list_roles", "Roles")}
        providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        read = (read_provider(iam, one["Arn"]) for one in providers)
        return DeployedAccount(
            id=caller["Account"],
            partition=caller["Arn"].split(":")[1],
            users=tuple(filter(None, pool.map(user, found["User"]))),
            roles=tuple(
                _role(one, entries.get(one["RoleName"], {}), *held("Role", one))
                for one in found["Role"]
            ),
            groups={one["GroupName"]: _group(one, *held("Group", one)) for one in found["Group"]},
            providers=tuple(one for one in read if one is not None),
            policies=policies,
        )


def _user(
    iam: "IAMClient",
    found: Mapping[str, Any],
    inline: _Inline,
    attached: _Attached,
    groups: Iterable[str],
) -> DeployedUser:
    name = found["UserName"]
    return DeployedUser(
        name=name,
        id=found["UserId"],
        arn=found["Arn"],
        path=found["Path"],
        tags=_tags(found),
        boundary=_boundary(found),
        inline=inline,
        attached=attached,
        keys=tuple(_keys(iam, name)),
        groups=tuple(groups),
        has_console_password=_has_password(iam, name),
    )


def _role(
    found: Mapping[str, Any], entry: Mapping[str, Any], inline: _Inline, attached: _Attached
) -> DeployedRole:
    return DeployedRole(
        name=found["RoleName"],
        id=found["RoleId"],
        arn=found["Arn"],
        path=found["Path"],
        tags=_tags(found),
        boundary=_boundary(found),
        inline=inline,
        attached=attached,
        trust=_document(found["AssumeRolePolicyDocument"]),
        description=entry.get("Description", ""),
        max_session_seconds=entry.get("MaxSessionDuration", 3_600),
        last_use=_last_use(found.get("RoleLastUsed", {})),
    )


def _group(found: Mapping[str, Any], inline: _Inline, attached: _Attached) -> DeployedGroup:
    name, arn, path = (found[key] for key in ("GroupName", "Arn", "Path"))
    return DeployedGroup(name=name, arn=arn, path=path, inline=inline, attached=attached)


def _keys(iam: "IAMClient", user: str) -> Iterator[DeployedKey]:
    for key in _all(iam, "list_access_keys", "AccessKeyMetadata", UserName=user):
        used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        active = key["Status"] == "Active"
        yield DeployedKey(key["AccessKeyId"], active, key["CreateDate"], _last_use(used))


def _last_use(found: Mapping[str, Any]) -> LastUse | None:
    at, service = found.get("LastUsedDate"), found.get("ServiceName")
    if at is None:
        return None
    return LastUse(at, found.get("Region", ""), None if service == _NEVER else service)


def _has_password(iam: "IAMClient", user: str) -> bool:
    try:
        iam.get_login_profile(UserName=user)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _policies(iam: "IAMClient", kind: Kind, name: str) -> tuple[_Inline, _Attached]:
    whose = {f"{kind.capitalize()}Name": name}
    get: Any = getattr(iam, f"get_{kind}_policy")
    inline = {
        one: _document(get(**whose, PolicyName=one)["PolicyDocument"])
        for one in _all(iam, f"list_{kind}_policies", "PolicyNames", **whose)
    }
    attached = _all(iam, f"list_attached_{kind}_policies", "AttachedPolicies", **whose)
    return inline, {one["PolicyArn"]: _default_version(iam, one["PolicyArn"]) for one in attached}


def _default_version(iam: "IAMClient", arn: str) -> PolicyDocument | None:
    """Return a managed policy's document; None if these credentials may not read it."""
    try:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    except ClientError as error:
        if error.response["Error"]["Code"] in _DENIED:
            return None
        raise
    return _document(found["PolicyVersion"]["Document"])


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in found.get("Tags", ())}


def _boundary(found: Mapping[str, Any]) -> str | None:
    arn: str | None = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return arn


def _document(found: object) -> PolicyDocument:
    """Return a document, which boto3 has decoded in most answers."""
    document: PolicyDocument = json.loads(unquote(found)) if isinstance(found, str) else found  # type: ignore[assignment] # a mapping, by botocore's json_decode_policies
    return document


def _all(iam: "IAMClient", call: Any, key: str, **asked: str) -> list[Any]:  # noqa: ANN401 - paginators are typed by the literal name
    return [one for page in iam.get_paginator(call).paginate(**asked) for one in page[key]]


@contextmanager
def _told() -> Iterator[None]:
    """Turn the errors of boto3 into one that says which call failed, and what it needs."""
    try:
        yield
    except ClientError as error:
        call = error.operation_name
        if error.response["Error"]["Code"] in _DENIED:
            call = f"iam:{call} is denied; allow it to these credentials"
        raise AccountError(f"{call}: {error}") from None
    except BotoCoreError as error:
        raise AccountError(f"IAM can't be reached: {error}") from None
