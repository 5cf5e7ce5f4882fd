"""Reads accounts by their profiles, several at a time, and audits each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import boto3
from botocore.exceptions import BotoCoreError

from rollout.auditing.audit import Audited, audit
from rollout.deployed.read import RETRIES, read_account
from rollout.errors import AccountError

_AT_ONCE = 4
_REGION = "us-east-1"
"""IAM has none; STS needs one."""


def audited(
    profiles: Sequence[str | None], now: datetime, longest: timedelta
) -> tuple[Audited, ...]:
    """Audit the account of each profile, in their order; None means the default credentials."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(lambda profile: _audited(profile, now, longest), profiles))


def _audited(profile: str | None, now: datetime, longest: timedelta) -> Audited:
    try:
        session = boto3.Session(profile_name=profile)
        region = session.region_name or _REGION
        iam = session.client("iam", region_name=region, config=RETRIES)
        sts = session.client("sts", region_name=region, config=RETRIES)
        account = read_account(iam, sts)
    except (AccountError, BotoCoreError) as error:
        return Audited(profile, error=str(error))
    return Audited(profile, account.id, audit(account, now, longest))
