"""docs/sandbox.md: its commands, as written, and the refusal that it shows."""

import json
import os
import subprocess
from typing import Final

import pytest
import yaml
from botocore.exceptions import ClientError

from sandbox.clients import Credentials
from tests.engine.harness import Project, fresh_account
from tests.engine.identities import client
from tests.unit.pages import ROOT, blocks, indented, page

PAGE: Final = page("docs/sandbox.md")
ACCOUNT, BUCKET = "210987654321", "acme-site"


def test_a_job_gets_the_role_as_the_page_says(checkout: Project, bucket: str) -> None:
    account = fresh_account()
    text = page("Pulumi.prod.yaml").replace(ACCOUNT, account).replace(BUCKET, bucket)
    stack = checkout.stack(yaml.safe_load(text)["config"], account=account)
    stack.up()

    def run(commands: str) -> subprocess.CompletedProcess[str]:
        said = commands.replace("prod", stack.name).replace(ACCOUNT, account)
        return subprocess.run(
            ["/bin/bash", "-ec", said],
            cwd=checkout.root,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SANDBOX_DIR": str(checkout.sandbox.folder.root),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    make, rest = indented(PAGE)[0].split("\n", 1)
    assert make == "make up STACK=prod"
    done = run(rest)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    session = f"arn:aws:sts::{account}:assumed-role/circleci-deploy/job"
    assert answer["AssumedRoleUser"]["Arn"] == session

    s3 = client(checkout.sandbox, "s3", Credentials.of(answer["Credentials"]))
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="private/x")
    shown = blocks(PAGE)[0].strip()
    said = str(caught.value).replace(" (reached max retries: 0)", "")
    assert said == shown.replace(ACCOUNT, account).replace(BUCKET, bucket)

    other = run(rest.replace("sandbox token", "sandbox token --ref refs/heads/other"))
    assert other.returncode != 0
    assert "(AccessDenied)" in other.stderr
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in other.stderr
