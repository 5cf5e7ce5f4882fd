"""`--provider plugin`: the engine starts the AWS provider that is installed.

It is the stand-in here, as an ordinary plugin; the real provider was not tried.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from sandbox.folder import CHECKOUT
from tests.engine.harness import Project, Stack

PLUGIN: Final = f"""\
#!{sys.executable}
import asyncio, json, os, pathlib, sys
sys.path.insert(0, "{CHECKOUT}")
import boto3
from sandbox.standin import server
# What the real provider knows of AWS is its environment alone.
caller = boto3.client("sts").get_caller_identity()
pathlib.Path("USED").write_text(json.dumps(caller["Account"]))
async def serve():
    provider, port = await server.start("127.0.0.1", os.environ["AWS_ENDPOINT_URL"])
    print(port, flush=True)
    await provider.wait_for_termination()
asyncio.run(serve())
"""


def sandbox_command(
    stack: Stack, *args: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *args, "--stack", stack.name],
        cwd=stack.project.root,
        env=os.environ
        | {"SANDBOX_DIR": str(stack.project.sandbox.folder.root), "PYTHONPATH": str(CHECKOUT)}
        | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("place", ["bin", "pulumi/plugins/resource-aws-v7.51.1"])
def test_the_engine_uses_the_plugin_that_is_installed(
    checkout: Project, bucket: str, tmp_path: Path, place: str
) -> None:
    used, plugin = tmp_path / "used", tmp_path / place / "pulumi-resource-aws"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(PLUGIN.replace("USED", str(used)))
    plugin.chmod(0o755)
    where = (
        {"PATH": f"{plugin.parent}:{os.environ['PATH']}"}
        if place == "bin"
        else {"PULUMI_HOME": str(tmp_path / "pulumi")}
    )
    grants = [{"bucket": bucket, "access": ["read"]}]
    stack = checkout.stack({"identities": {"ci": {"kind": "user", "grants": grants}}})
    done = sandbox_command(stack, "up", "--provider", "plugin", **where)
    assert done.returncode == 0, done.stderr
    assert json.loads(used.read_text()) == stack.account
    assert [one["UserName"] for one in stack.iam.list_users()["Users"]] == ["ci"]
    used.unlink()
    assert sandbox_command(stack, "destroy", **where).returncode == 0
    assert not used.exists(), "without the option it is the sandbox's own"


def test_without_a_plugin_none_is_downloaded(checkout: Project, tmp_path: Path) -> None:
    stack = checkout.stack({"identities": {}})
    nowhere = {"PULUMI_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = sandbox_command(stack, "preview", "--provider", "plugin", **nowhere)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --provider plugin: there is no pulumi-resource-aws on")
    assert list(tmp_path.glob("plugins/*")) == []
