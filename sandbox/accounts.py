"""The accounts of the sandbox: moto separates them by the credentials of each call.

moto knows the account of an access key that STS AssumeRole returned: it is the one in the role's
ARN, and the role need not exist. So any account can be entered by the ARN of a role in it.
"""

from typing import Final

from components.aws.partitions import partition_of_region
from sandbox.clients import Clients, Credentials

DEFAULT_ACCOUNT: Final = "123456789012"
"""The account of a stack that names none: moto's own default."""
DEFAULT_REGION: Final = "us-east-1"
"""The region of a stack that names none."""
NOBODY: Final = Credentials("sandbox", "sandbox")
"""Credentials that moto did not issue: they are of its default account."""
ROLE_ARN: Final = "arn:{partition}:iam::{account}:role/sandbox"
"""The role that the sandbox assumes to work in an account."""

OWN: Final = "sandbox"
"""The session name of the sandbox's own work, whose calls are not recorded."""
RECORDED: Final = "learn-"
"""How the names of sessions begin that may make any call and are recorded."""


def role_arn(account: str, region: str) -> str:
    """Return the ARN of the role that the sandbox assumes to work in an account."""
    return ROLE_ARN.format(partition=partition_of_region(region), account=account)


def credentials_of(clients: Clients, account: str, region: str, session: str = OWN) -> Credentials:
    """Get credentials of an account from moto; they may make any call.

    Args:
        clients: the sandbox's clients.
        account: the account.
        region: the region to ask in.
        session: the session's name; the calls of one that begins with `RECORDED` are recorded.

    Raises:
        botocore.exceptions.BotoCoreError: moto does not answer.
    """
    sts = clients.get("sts", NOBODY, region)
    answer = sts.assume_role(RoleArn=role_arn(account, region), RoleSessionName=session)
    return Credentials.of(answer["Credentials"])
