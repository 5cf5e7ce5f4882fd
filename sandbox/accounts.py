"""The accounts of the sandbox: moto keeps many apart, by the credentials of each call.

moto knows the account of an access key that came from STS AssumeRole, and takes the account from
the role's ARN; the role need not exist. So a role's ARN is the way into any account.
"""

from typing import Final

from components.aws.partitions import partition_of_region
from sandbox.clients import Clients, Credentials

DEFAULT_ACCOUNT: Final = "123456789012"
"""Where a stack lives that names no account: moto's own default."""
DEFAULT_REGION: Final = "us-east-1"
"""Where a stack lives that names no region."""
NOBODY: Final = Credentials("sandbox", "sandbox")
"""Credentials that moto has not given out: its default account."""


def role_arn(account: str, region: str) -> str:
    """Return the ARN of the role by which the sandbox works in an account."""
    return f"arn:{partition_of_region(region)}:iam::{account}:role/sandbox"


def credentials_of(clients: Clients, account: str, region: str) -> Credentials:
    """Get credentials of an account from moto.

    Raises:
        botocore.exceptions.BotoCoreError: moto does not answer.
    """
    sts = clients.get("sts", NOBODY, region)
    answer = sts.assume_role(RoleArn=role_arn(account, region), RoleSessionName="sandbox")
    return Credentials.of(answer["Credentials"])
