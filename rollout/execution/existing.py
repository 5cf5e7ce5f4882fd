"""What has the name of a pending create in AWS, for each type that the program makes."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from rollout.deployed.account import AwsAccount
from rollout.deployed.read import RETRIES
from rollout.errors import AccountError
from rollout.execution.pending import KEY, Existing, Pending

Inputs = Mapping[str, Any]


def find(account: AwsAccount, pending: Pending) -> list[Existing]:
    """Return what has the name of a pending create; for an access key, all keys of its user.

    Raises:
        AccountError: AWS refuses the call.
    """
    look = _LOOKS.get(pending.type)
    if look is None:
        return []
    try:
        return look(account, pending.inputs)
    except account.iam.exceptions.NoSuchEntityException:
        return []
    except (BotoCoreError, ClientError) as error:
        raise AccountError(f"{pending} can't be looked up: {error}") from None


def delete_key(account: AwsAccount, user: str, key: str) -> None:
    """Delete a key of a user.

    Raises:
        AccountError: AWS refuses.
    """
    try:
        account.iam.delete_access_key(UserName=user, AccessKeyId=key)
    except account.iam.exceptions.NoSuchEntityException:
        return
    except (BotoCoreError, ClientError) as error:
        raise AccountError(f"the key {key} of {user} can't be deleted: {error}") from None


def _user(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    return [_identity(account.iam.get_user(UserName=inputs["name"])["User"], "User", inputs)]


def _role(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    return [_identity(account.iam.get_role(RoleName=inputs["name"])["Role"], "Role", inputs)]


def _identity(found: Mapping[str, Any], kind: str, inputs: Inputs) -> Existing:
    is_alike = found["Path"] == inputs.get("path", "/")
    return Existing(found[f"{kind}Name"], found["Arn"], found["CreateDate"], is_alike)


def _policy(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    arn = account.arn(f"policy{inputs.get('path', '/')}{inputs['name']}")
    return [Existing(arn, arn, account.iam.get_policy(PolicyArn=arn)["Policy"]["CreateDate"])]


def _provider(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    arn = account.arn(f"oidc-provider/{inputs['url'].removeprefix('https://')}")
    answer = account.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return [Existing(arn, arn, answer["CreateDate"])]


def _keys(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    keys = account.iam.list_access_keys(UserName=inputs["user"])["AccessKeyMetadata"]
    return [Existing(key["AccessKeyId"], key["AccessKeyId"], key["CreateDate"]) for key in keys]


def _user_policy(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    user, name = inputs["user"], inputs["name"]
    answer = account.iam.get_user_policy(UserName=user, PolicyName=name)
    return [_inline(f"{user}:{name}", answer["PolicyDocument"], inputs["policy"])]


def _role_policy(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    role, name = inputs["role"], inputs["name"]
    answer = account.iam.get_role_policy(RoleName=role, PolicyName=name)
    return [_inline(f"{role}:{name}", answer["PolicyDocument"], inputs["policy"])]


def _on_user(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    pages = account.iam.get_paginator("list_attached_user_policies")
    return _attached(inputs, "user", pages.paginate(UserName=inputs["user"]))


def _on_role(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    pages = account.iam.get_paginator("list_attached_role_policies")
    return _attached(inputs, "role", pages.paginate(RoleName=inputs["role"]))


def _attached(inputs: Inputs, kind: str, pages: Iterable[Mapping[str, Any]]) -> list[Existing]:
    arn = inputs["policyArn"]
    arns = [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]]
    id_ = f"{inputs[kind]}/{arn}"
    return [Existing(id_, id_)] if arn in arns else []


def _parameter(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    """Its first version tells when it was made; one that has others was made before."""
    ssm = _client(account, "ssm")
    try:
        found = ssm.get_parameter(Name=inputs["name"])["Parameter"]
    except ssm.exceptions.ParameterNotFound:
        return []
    is_first = found["Version"] == 1
    return [Existing(inputs["name"], found["ARN"], found["LastModifiedDate"], is_first)]


def _secret(account: AwsAccount, inputs: Inputs) -> list[Existing]:
    secrets = _client(account, "secretsmanager")
    try:
        found = secrets.describe_secret(SecretId=inputs["name"])
    except secrets.exceptions.ResourceNotFoundException:
        return []
    return [Existing(found["ARN"], found["ARN"], found["CreatedDate"])]


def _client(account: AwsAccount, service: str) -> Any:  # noqa: ANN401 - its stubs are not installed
    session: Any = account.session
    return session.client(service, config=RETRIES)


def _inline(id_: str, there: object, wished: str) -> Existing:
    return Existing(id_, id_, is_alike=there == json.loads(wished))  # boto3 has decoded it


_LOOKS: Final[Mapping[str, Callable[[AwsAccount, Inputs], list[Existing]]]] = {
    KEY: _keys,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _provider,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _on_role,
    "aws:iam/user:User": _user,
    "aws:iam/userPolicy:UserPolicy": _user_policy,
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": _on_user,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:ssm/parameter:Parameter": _parameter,
}
