"""The accounts of the sandbox: moto keeps many apart, by the credentials of each call.

moto knows the account of an access key that came from STS AssumeRole, and takes the account from
the role's ARN; the role need not exist. So a role's ARN is the way into any account.
"""

from dataclasses import dataclass
from typing import Final, Self

import boto3
from mypy_boto3_sts.type_defs import CredentialsTypeDef

DEFAULT_ACCOUNT: Final = "123456789012"
"""Where a stack lives that names no account: moto's own default."""
DEFAULT_REGION: Final = "us-east-1"
"""Where a stack lives that names no region."""
ROLE_NAME: Final = "sandbox"


@dataclass(frozen=True)
class Credentials:
    """What AWS calls are signed with; worth nothing outside the sandbox."""

    access_key: str
    secret_key: str
    token: str | None = None

    @classmethod
    def of(cls, answer: CredentialsTypeDef) -> Self:
        """Take them from an answer of STS."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


NOBODY: Final = Credentials("sandbox", "sandbox")
"""Credentials that moto has not given out: its default account."""


def partition_of(region: str) -> str:
    """Return the partition of a region: aws, aws-cn, aws-us-gov, ..."""
    return boto3.Session().get_partition_for_region(region)


def role_arn(account: str, region: str) -> str:
    """Return the ARN of the role by which the sandbox works in an account."""
    return f"arn:{partition_of(region)}:iam::{account}:role/{ROLE_NAME}"


def credentials_of(aws_url: str, account: str, region: str) -> Credentials:
    """Get credentials of an account from moto at `aws_url`.

    Raises:
        botocore.exceptions.BotoCoreError: moto does not answer.
    """
    sts = boto3.client(
        "sts",
        endpoint_url=aws_url,
        region_name=region,
        aws_access_key_id=NOBODY.access_key,
        aws_secret_access_key=NOBODY.secret_key,
    )
    answer = sts.assume_role(RoleArn=role_arn(account, region), RoleSessionName="sandbox")
    return Credentials.of(answer["Credentials"])
