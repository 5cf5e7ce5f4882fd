"""`init` with options, and what it says to type next, in the sandbox."""

import os
import subprocess
import sys

from sandbox.folder import CHECKOUT
from tests.engine.harness import Project, fresh_account
from tests.engine.rollouts import Rollout

ORGANIZATION = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"


def test_the_file_is_deployed_by_what_it_says_to_type_next(checkout: Project, bucket: str) -> None:
    account = fresh_account()
    where = ["--region", "eu-west-1", "--account", account, "--oidc-provider", "create"]
    jobs = ["--kind", "role", "--organization", ORGANIZATION, "--project", PROJECT]
    code = ["--origin", "github.com/acme/site", "--ref", "refs/heads/main"]
    may = ["--bucket", bucket, "--access", "read", "--prefix", "public/", "--name", "deploy"]
    ran = Rollout(checkout).run("init", "first", *where, *jobs, *code, *may, "--yes")
    (command,) = (line for line in ran.stdout.splitlines() if "-m sandbox" in line)
    _, *args = command.split()
    up = subprocess.run(
        [sys.executable, *args],
        cwd=checkout.root,
        env={
            **os.environ,
            "SANDBOX_DIR": str(checkout.sandbox.folder.root),
            "PYTHONPATH": str(CHECKOUT),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert up.returncode == 0, up.stderr
    iam = checkout.sandbox.client("iam", account, "eu-west-1")
    text = str(iam.get_role(RoleName="deploy")["Role"]["AssumeRolePolicyDocument"])
    assert "vcs-origin/github.com/acme/site/vcs-ref/refs/heads/main" in text
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
