"""A project of many stacks, each in an account of its own, in a sandbox of its own."""

import shutil
from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True)
class Project:
    """The project's folder, its stacks' names, and the environment to run commands in.

    ``empty`` is another project, whose program does nothing; it has the first stack only.
    """

    root: Path
    empty: Path
    stacks: tuple[str, ...]
    environment: Mapping[str, str]


@contextmanager
def project(number: int) -> Iterator[Project]:
    """Make a project of so many stacks, and remove it afterwards with its sandbox."""
    with TemporaryDirectory(prefix="bench-") as directory:
        root = Path(directory, "project")
        root.mkdir()
        for part in _LINKED:
            (root / part).symlink_to(CHECKOUT / part)
        names = tuple(f"acct-{index:03}" for index in range(number))
        for index, name in enumerate(names):
            text = yaml.safe_dump({"config": _config(index)}, sort_keys=False)
            (root / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")
        empty = _empty(Path(directory, "empty"), names[0])
        folder = Folder(Path(directory, "sandbox"))
        _, running = lifecycle.start(folder)
        try:
            prepare(folder, running, find_stacks(root, ["*"]), buckets=True)
            made = for_process(environment(folder, running, None))
            yield Project(root, empty, names, {**made, "PYTHONPATH": str(CHECKOUT)})
        finally:
            lifecycle.stop(folder)
            shutil.rmtree(folder.root, ignore_errors=True)


def _empty(root: Path, stack: str) -> Path:
    root.mkdir()
    (root / ".venv").symlink_to(CHECKOUT / ".venv")
    runtime = {"name": "python", "options": {"virtualenv": ".venv"}}
    (root / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "empty", "runtime": runtime}))
    (root / "__main__.py").write_text("")
    (root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": {}}))
    return root


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
