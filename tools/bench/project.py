"""A project of many stacks, each in an account of its own, in a sandbox of its own."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from sandbox import lifecycle
from sandbox.environment import environment, for_process
from sandbox.folder import CHECKOUT, Folder
from sandbox.preparing import prepare
from sandbox.stacks import find_stacks

_LINKED: Final = ("Pulumi.yaml", "__main__.py", "components", ".venv")
_FIRST_ACCOUNT: Final = 600_000_000_000
_USERS_ACCOUNT: Final = _FIRST_ACCOUNT - 1


@dataclass(frozen=True)
class Bench:
    """The project's folder, its stacks' names, and the environment to run commands in.

    ``empty`` is another project, whose program does nothing; it has the first stack only.
    ``by_hand`` makes the users of the stacks in ``users`` with a program written by hand;
    ``users`` has these stacks by the number of their users.
    """

    root: Path
    empty: Path
    by_hand: Path
    stacks: tuple[str, ...]
    users: Mapping[int, str]
    environment: Mapping[str, str]


@contextmanager
def project(number: int, users: Sequence[int]) -> Iterator[Bench]:
    """Make a project of so many stacks, and remove it afterwards with its sandbox.

    Args:
        number: usual stacks, each in an account of its own.
        users: for each, a stack with so many users beside them.
    """
    with TemporaryDirectory(prefix="bench-") as directory:
        root = Path(directory, "project")
        root.mkdir()
        for part in _LINKED:
            (root / part).symlink_to(CHECKOUT / part)
        names = tuple(f"acct-{index:03}" for index in range(number))
        for index, name in enumerate(names):
            _write(root, name, _config(index))
        by_hand = Path(directory, "by-hand")
        stacks = _with_users(root, by_hand, users)
        empty = _empty(Path(directory, "empty"), names[0])
        folder = Folder(Path(directory, "sandbox"))
        _, running = lifecycle.start(folder)
        try:
            prepare(folder, running, find_stacks(root, ["*"]), buckets=True)
            made = for_process(environment(folder, running, None))
            # Python compiles the program once and not for each run, whatever is set here.
            python = {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": ""}
            yield Bench(root, empty, by_hand, names, stacks, {**made, **python})
        finally:
            lifecycle.stop(folder)
            shutil.rmtree(folder.root, ignore_errors=True)


def _write(root: Path, stack: str, config: Mapping[str, Any]) -> None:
    text = yaml.safe_dump({"config": dict(config)}, sort_keys=False)
    (root / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")


def _with_users(root: Path, by_hand: Path, users: Sequence[int]) -> Mapping[int, str]:
    """Write the stacks with many users, alike for the program and for the one written by hand."""
    _other(by_hand, "by-hand").symlink_to(CHECKOUT / "tools" / "bench" / "by_hand.py")
    stacks = {number: f"users-{number}" for number in users}
    for number, stack in stacks.items():
        buckets = {f"ci-{number}-{index:03}": f"acme-users-{index:03}" for index in range(number)}
        aws = {"aws:region": "eu-west-1", "aws:allowedAccountIds": [str(_USERS_ACCOUNT)]}
        access = ["list", "read", "write"]
        identities = {
            name: {"kind": "user", "grants": [{"bucket": bucket, "access": access}]}
            for name, bucket in buckets.items()
        }
        _write(root, stack, {**aws, "circleci-s3-access:identities": identities})
        _write(by_hand, stack, {**aws, "by-hand:buckets": buckets})
    return stacks


def _empty(root: Path, stack: str) -> Path:
    _other(root, "empty").write_text("")
    _write(root, stack, {})
    return root


def _other(root: Path, name: str) -> Path:
    """Make another project's folder; return the place of its program, still to be written."""
    root.mkdir()
    (root / ".venv").symlink_to(CHECKOUT / ".venv")
    runtime = {"name": "python", "options": {"virtualenv": ".venv"}}
    (root / "Pulumi.yaml").write_text(yaml.safe_dump({"name": name, "runtime": runtime}))
    return root / "__main__.py"


def _config(index: int) -> dict[str, Any]:
    """Return a user with a key and a role: what a usual stack holds."""
    identities = {
        "ci-artifacts": {
            "kind": "user",
            "accessKeys": ["2026-11"],
            "grants": [{"bucket": f"acme-{index:03}", "access": ["list", "read", "write"]}],
        },
        "ci-deploy": {
            "kind": "role",
            "trust": {
                "organization": "1f5ef4a1-0000-4000-8000-000000000001",
                "projects": ["6f9b2f3c-0000-4000-8000-000000000001"],
            },
            "grants": [{"bucket": f"acme-{index:03}-site", "access": ["list", "read", "write"]}],
        },
    }
    return {
        "aws:region": "eu-west-1",
        "aws:allowedAccountIds": [f"{_FIRST_ACCOUNT + index}"],
        "circleci-s3-access:oidcProvider": "create",
        "circleci-s3-access:identities": identities,
    }
