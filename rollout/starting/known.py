"""What git and AWS know of the answers. Where they can't be asked, nothing is offered."""

import os
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from components.aws.partitions import region_in_use
from components.policy.trust import provider_arn
from components.settings.stack_file import StackFile
from rollout.deployed.account import session_of
from rollout.deployed.read import read_provider
from rollout.errors import AccountError

_QUICK: Final = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2})
"""Somebody waits for the next question."""
_URL: Final = re.compile(
    r"(?:[a-z+]+://)?(?:[^@/]+@)?(?P<host>[^:/@]+\.[^:/@]+)(?::\d+(?=/))?[:/]/*(?P<path>.+?)(?:\.git)?/?"
)
_NONE: Final = (BotoCoreError, ClientError, OSError, KeyError, ValueError)
"""Also what a role without an ARN, or an endpoint that is no URL, ends with."""


@dataclass(frozen=True)
class Seen:
    """An account that the stack's credentials can see."""

    session: boto3.Session
    account: str
    partition: str

    def buckets(self) -> list[str]:
        """Return the names of its buckets; none if they can't be listed."""
        with suppress(*_NONE):
            answer = self.session.client("s3", config=_QUICK).list_buckets()
            return [one["Name"] for one in answer["Buckets"]]
        return []

    def has_provider(self, organization: str) -> bool | None:
        """Say whether it has the OIDC provider of an organization; None if that is unknown."""
        arn = provider_arn(self.partition, self.account, organization)
        with suppress(AccountError, *_NONE):
            iam = self.session.client("iam", config=_QUICK)
            return read_provider(iam, arn) is not None
        return None


def look(file: StackFile) -> Seen | None:
    """Find out which account a stack's credentials belong to; None if that is unknown."""
    with suppress(*_NONE):
        session = session_of(file)
        caller = session.client("sts", config=_QUICK).get_caller_identity()
        seen = Seen(session, caller["Account"], caller["Arn"].split(":")[1])
        if seen.account in (file.allowed_account_ids or [seen.account]):
            return seen
    return None


def default_region(config: Mapping[str, Any]) -> str | None:
    """Return the region of the environment, or of the profile."""
    profile = config.get("aws:profile")
    with suppress(*_NONE):
        session = boto3.Session(profile_name=profile if isinstance(profile, str) else None)
        return region_in_use(None, os.environ) or session.region_name
    return None


@cache  # the SDK reads a large file for it
def wrong_region(region: str) -> str | None:
    """Say what is wrong with a region, by the names that the AWS SDK knows."""
    try:
        boto3.Session(region_name="us-east-1").get_partition_for_region(region)
    except BotoCoreError:
        return f"'{region}' is not an AWS region, such as eu-west-1"
    return None


def git_origin(root: Path) -> str | None:
    """Return the repository of git's remote `origin` as CircleCI's tokens name it."""
    return origin_of(_git(root, "remote", "get-url", "origin"))


def origin_of(url: str) -> str | None:
    """Return a clone URL as CircleCI has it: `git@github.com:acme/a.git` is `github.com/acme/a`."""
    found = _URL.fullmatch(url)
    return f"{found['host'].lower()}/{found['path']}" if found else None


def git_ref(root: Path) -> str | None:
    """Return the ref of the branch that is checked out."""
    return _git(root, "symbolic-ref", "--quiet", "HEAD") or None


def _git(root: Path, *args: str) -> str:
    command = ["git", "-C", str(root), *args]
    with suppress(OSError, UnicodeDecodeError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
    return ""
