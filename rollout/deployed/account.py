"""A stack's account, reached with the credentials that the AWS provider would use.

boto3 reads the same environment, profiles and files as the provider; the settings in the stack's
file are read here.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from components.aws.partitions import region_in_use
from components.settings.load import decoded
from components.settings.stack_file import StackFile
from rollout.deployed.read import RETRIES
from rollout.errors import AccountError

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient
    from mypy_boto3_sts.type_defs import CredentialsTypeDef

ACCOUNT_ROLE: Final = "SANDBOX_ACCOUNT_ROLE"
"""The variable with the ARN of a role in any account. The sandbox's provider assumes it, so that it
starts in the account of the stack's file, whichever account the credentials belong to."""


@dataclass(frozen=True)
class AwsAccount:
    id: str
    partition: str
    iam: "IAMClient"
    clock: timedelta
    """How far AWS's clock is ahead of this machine's."""
    region: str | None
    """The region in use, which a profile may set too."""
    sts: "STSClient"
    session: boto3.Session | None = field(default=None, repr=False)

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:iam::{self.id}:{resource}"


def account_of(file: StackFile, deployed: Collection[str]) -> AwsAccount:
    """Return the account of a stack, reached with its credentials; any account if it allows any.

    Args:
        file: the stack's file.
        deployed: the accounts that the stack's state tells of; none if it tells of none.

    Raises:
        AccountError: there are no credentials, or they belong to another account.
    """
    try:
        session = session_of(file)
        sts = session.client("sts")
        answer = sts.get_caller_identity()
    except (BotoCoreError, ClientError, OSError) as error:
        raise AccountError(f"its account can't be reached: {error}") from None
    allowed = file.allowed_account_ids
    if allowed and answer["Account"] not in allowed:
        raise AccountError(
            f"the credentials are of account {answer['Account']}, which aws:allowedAccountIds "
            f"does not allow: {', '.join(allowed)}"
        )
    if deployed and answer["Account"] not in deployed:
        there = ", ".join(sorted(deployed))
        raise AccountError(f"that was in account {there}, not in {answer['Account']}")
    told = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    clock = told - datetime.now(UTC)
    iam = session.client("iam", config=RETRIES)
    partition = answer["Arn"].split(":")[1]
    region = session.region_name
    return AwsAccount(answer["Account"], partition, iam, clock, region, sts, session)


def session_of(file: StackFile) -> boto3.Session:
    """Return a session with the credentials that the provider has for a stack."""
    session = boto3.Session(
        profile_name=_text(file, "profile"),
        region_name=region_in_use(file.region, os.environ),
        aws_access_key_id=_text(file, "accessKey"),
        aws_secret_access_key=_text(file, "secretKey"),
        aws_session_token=_text(file, "token"),
    )
    if web := decoded(file.config.get("aws:assumeRoleWithWebIdentity")):
        session = _of_web_identity(session, web)
    for role in decoded(file.config.get("aws:assumeRoles")) or _sandbox_roles(file):
        answer = session.client("sts").assume_role(**_request(role))
        session = _session_with(answer["Credentials"], session.region_name)
    return session


def _text(file: StackFile, key: str) -> str | None:
    value = file.config.get(f"aws:{key}")
    return value if isinstance(value, str) else None


def _of_web_identity(session: boto3.Session, web: Mapping[str, Any]) -> boto3.Session:
    token = web.get("webIdentityToken") or Path(web["webIdentityTokenFile"]).read_text("utf-8")
    answer = session.client("sts").assume_role_with_web_identity(
        RoleArn=web["roleArn"],
        RoleSessionName=web.get("sessionName") or "rollout",
        WebIdentityToken=token.strip(),
    )
    return _session_with(answer["Credentials"], session.region_name)


def _sandbox_roles(file: StackFile) -> list[Mapping[str, Any]]:
    role = os.environ.get(ACCOUNT_ROLE)
    if not role or file.account is None or "aws:profile" in file.config:
        return []
    partition = file.partition(os.environ)
    return [{"roleArn": role.format(partition=partition, account=file.account)}]


def _request(role: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of AssumeRole for a role in `aws:assumeRoles`."""
    optional = {"ExternalId": role.get("externalId"), "Policy": role.get("policy")}
    return {
        "RoleArn": role["roleArn"],
        "RoleSessionName": role.get("sessionName") or "rollout",
        **{name: value for name, value in optional.items() if value},
    }


def _session_with(credentials: "CredentialsTypeDef", region: str | None) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
    )
