"""Reads the identities of a stack from its account's IAM, as AWS has them now."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from components.aws.limits import Kind
from components.settings.stack_file import read
from rollout.access.by_hand import Reading
from rollout.deployed.account import AwsAccount, account_of
from rollout.deployed.read import read_role, read_user
from rollout.errors import AccountError
from rollout.execution.task import Task

_AT_ONCE: Final = 8
"""Identities that are read in parallel; each takes several calls."""


def read_identities(task: Task, kinds: Mapping[str, Kind]) -> dict[str, Reading]:
    """Read users and roles by name.

    Raises:
        AccountError: the account can't be reached.
    """
    account = account_of(read(Path(task.root), task.stack), ())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda one: _read(account, *one), kinds.items())
        return dict(zip(kinds, found, strict=True))


def _read(account: AwsAccount, name: str, kind: Kind) -> Reading:
    try:
        return (read_user if kind == "user" else read_role)(account.iam, name)
    except AccountError as error:
        return str(error)
