"""The page of `rollout map` for many identities and buckets: how long it takes, how large it is."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from sandbox.folder import CHECKOUT

_STACKS: Final = 20
_GRANTS: Final = 10
"""Buckets of each identity; they are spread over all buckets."""
_WORDS: Final = (["read"], ["list", "read", "write"], ["list", "read", "write", "delete"])


def seconds_and_megabytes(identities: int, buckets: int) -> tuple[float, float]:
    """Make the page once, by the command line, its start included."""
    with TemporaryDirectory(prefix="bench-") as folder:
        root = Path(folder)
        (root / "Pulumi.yaml").write_text("name: circleci-s3-access\nruntime: python\n")
        for stack in range(_STACKS):
            numbers = range(stack, identities, _STACKS)
            config = {
                "aws:region": "eu-west-1",
                "aws:allowedAccountIds": [str(600_000_000_000 + stack)],
                "identities": {f"circleci-{n}": _identity(n, buckets) for n in numbers},
            }
            (root / f"Pulumi.s{stack:02}.yaml").write_text(yaml.safe_dump({"config": config}))
        command = [sys.executable, "-m", "rollout", "map", "--html", "map.html"]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        began = time.perf_counter()
        subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began, (root / "map.html").stat().st_size / 1e6


def _identity(number: int, buckets: int) -> dict[str, Any]:
    step = buckets // _GRANTS
    grants = [
        {"bucket": f"acme-{(number + at * step) % buckets:03}", "access": _WORDS[at % len(_WORDS)]}
        for at in range(_GRANTS)
    ]
    return {"kind": "user", "grants": grants}
