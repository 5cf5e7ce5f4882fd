"""`learn` and `run`: a job's command becomes grants, and runs as an identity that has them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.folder import CHECKOUT
from tests.engine.harness import Project, Stack
from tests.engine.test_roles import MAIN, PROJECT
from tests.unit.policy.identities import ORGANIZATION

JOB = """
import sys, boto3
s3 = boto3.client("s3")
bucket, *more = sys.argv[1:]
s3.upload_file(__file__, bucket, "up/1/small")
s3.put_object(Bucket=bucket, Key="up/x", Body=b"x", Tagging="a=b")
s3.copy_object(Bucket=bucket, Key="copy/x", CopySource={"Bucket": bucket, "Key": "up/x"})
begun = s3.create_multipart_upload(Bucket=bucket, Key="large/x")
part = {"Bucket": bucket, "Key": "large/x", "UploadId": begun["UploadId"]}
s3.upload_part(**part, PartNumber=1, Body=b"x" * 6_000_000)
s3.list_parts(**part)
s3.abort_multipart_upload(**part)
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="up/"):
    for one in page["Contents"]:
        s3.head_object(Bucket=bucket, Key=one["Key"])
s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "up/x"}, {"Key": "up/1/small"}]})
key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "0a1b2c3d"}
s3.put_object(Bucket=bucket, Key="kms/x", Body=b"x", **key)
s3.get_object(Bucket=bucket, Key="kms/x")
for key in more:
    s3.get_object(Bucket=bucket, Key=key)
print("done")
"""
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command(checkout: Project, tmp_path: Path) -> Command:
    """Runs a command of the sandbox as a user would; `job` is the script above."""
    (tmp_path / "job.py").write_text(JOB)

    def run(*args: str) -> "subprocess.CompletedProcess[str]":
        job = {"job": [sys.executable, str(tmp_path / "job.py")]}
        words = [word for arg in args for word in job.get(arg, [arg])]
        return subprocess.run(
            [sys.executable, "-m", "sandbox", *words],
            cwd=checkout.root,
            env=os.environ
            | {"SANDBOX_DIR": str(checkout.sandbox.folder.root), "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def user(grants: list[dict[str, Any]], *keys: str) -> dict[str, Any]:
    return {"identities": {"ci": {"kind": "user", "accessKeys": list(keys), "grants": grants}}}


def as_ci(stack: Stack, *more: str) -> tuple[str, ...]:
    return ("run", "--stack", stack.name, "--identity", "ci", *more, "--")


def test_what_was_learned_is_what_the_job_needs(
    checkout: Project, command: Command, bucket: str, tmp_path: Path
) -> None:
    stack = checkout.stack(user([{"bucket": bucket, "access": ["read"], "prefixes": ["other/"]}]))
    learn = command(
        "learn", "--stack", stack.name, "--identity", "ci", "--json", "--", "job", bucket
    )
    assert learn.returncode == 0, learn.stderr
    assert learn.stderr == "done\n"
    found = json.loads(learn.stdout)
    assert {one["operation"] for one in found["seen"]} >= {"PutObject", "UploadPart", "ListParts"}
    key = f"arn:aws:kms:eu-west-1:{stack.account}:key/0a1b2c3d"
    assert [one["prefixes"] for one in found["grants"] if one.get("kmsKey") == key] == [["kms/"]]
    compared = found["comparison"]
    assert (compared["lacks"], len(compared["unused"])) == (found["grants"], 1)

    stack.write(user(found["grants"], "1"))
    stack.up()
    report = tmp_path / "report.json"
    ran = command(*as_ci(stack, "--json", str(report)), "job", bucket)
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stderr
    told = json.loads(report.read_text())
    assert {one["allowed"] for one in told["calls"]} == {True}
    assert {check["policy"] for one in told["calls"] for check in one["checks"]} == {"s3-access"}
    calls = sum(one["count"] for one in told["calls"])
    assert f"made {calls} calls in this run: {calls} allowed, 0 refused" in ran.stderr

    refused = command(*as_ci(stack, "--json", str(report)), "job", bucket, "private/x")
    assert refused.returncode == 1
    (one,) = (one for one in json.loads(report.read_text())["calls"] if not one["allowed"])
    grant = {"bucket": bucket, "access": ["read"], "prefixes": ["private/"]}
    assert (one["operation"], one["grants"]) == ("GetObject", [grant])
    assert f"this grant would allow it: {{bucket: {bucket}, access: [read]" in refused.stderr


def test_a_users_secret_is_in_its_commands_environment_alone(
    checkout: Project, command: Command, bucket: str
) -> None:
    stack = checkout.stack(user([{"bucket": bucket, "access": ["read"]}], "1"))
    stack.up()
    secret = stack.outputs(show_secrets=True)["identities"]["ci"]["secretAccessKey"]
    ran = command(*as_ci(stack), "sh", "-c", 'printf %s "$AWS_SECRET_ACCESS_KEY"')
    assert (ran.returncode, ran.stdout) == (0, secret)
    assert secret not in ran.stderr
    files = [one for one in stack.project.sandbox.folder.root.rglob("*") if one.is_file()]
    assert [one for one in files if secret.encode() in one.read_bytes()] == []


def test_what_is_missing_is_told_with_the_command_to_type(
    checkout: Project, command: Command, bucket: str
) -> None:
    stack = checkout.stack(user([{"bucket": bucket, "access": ["read"]}]))
    up = f"`python -m sandbox up --stack {stack.name}` deploys the stack"
    for words in (f"it is not deployed; {up}", "ci has no access key"):
        ran = command(*as_ci(stack), "touch", "ran")
        assert (ran.returncode, ran.stdout) == (125, "")
        assert ran.stderr.startswith(f"error: {stack.name}: ")
        assert words in ran.stderr
        stack.up()
    assert not (checkout.root / "ran").exists()


def test_a_bucket_of_another_account_is_not_taken(
    checkout: Project, command: Command, bucket: str
) -> None:
    checkout.stack(user([{"bucket": bucket, "access": ["read"]}]))
    ran = command("learn", "--bucket", bucket, "--", "echo", "ran")
    assert (ran.returncode, ran.stdout) == (125, "")
    assert f"--bucket: another account of the sandbox has {bucket}; --stack NAME" in ran.stderr


def test_a_bucket_that_is_not_there_is_named(command: Command, bucket: str) -> None:
    read = "import boto3; boto3.client('s3').get_object(Bucket='acme-no-such', Key='x')"
    ran = command("learn", "--bucket", bucket, "--", sys.executable, "-c", read)
    assert ran.returncode == 1
    assert "no bucket acme-no-such in the sandbox: --bucket acme-no-such makes it" in ran.stdout
    assert f"Created the buckets: {bucket}." in ran.stderr


def test_grants_go_to_a_file(command: Command, bucket: str, tmp_path: Path) -> None:
    out = tmp_path / "grants.yaml"
    ran = command(
        "learn", "--bucket", bucket, "--output", str(out), "--", "sh", "-c", "echo hi; exit 9"
    )
    assert (ran.returncode, ran.stdout) == (9, "hi\n")
    assert out.read_text().endswith("grants: []\n")
    nowhere = command("learn", "--output", str(tmp_path), "--", "echo", "ran")
    assert (nowhere.returncode, nowhere.stdout) == (125, "")


def test_a_role_lets_its_jobs_in_and_no_other(
    checkout: Project, command: Command, bucket: str
) -> None:
    trust = {
        "organization": ORGANIZATION,
        "projects": [PROJECT],
        "origins": [MAIN.origin],
        "refs": [MAIN.ref],
    }
    grants = [{"bucket": bucket, "access": ["list"], "prefixes": ["x/"]}]
    role = {"kind": "role", "path": "/ci/", "trust": trust, "grants": grants}
    stack = checkout.stack({"identities": {"ci": role}, "oidcProvider": "create"})
    stack.up()
    list_ = (
        "import boto3; print(boto3.client('s3').list_objects_v2(Bucket='{}', Prefix='{}')['Name'])"
    )
    ran = command(*as_ci(stack), sys.executable, "-c", list_.format(bucket, "x/"))
    assert (ran.returncode, ran.stdout) == (0, f"{bucket}\n"), ran.stderr
    assert "s3:ListBucket: allowed by statement" in ran.stderr
    assert command(*as_ci(stack), sys.executable, "-c", list_.format(bucket, "y/")).returncode == 1
    other = command(*as_ci(stack, "--ref", "refs/heads/other"), "echo", "ran")
    assert (other.returncode, other.stdout) == (125, "")
    assert f"ci of {stack.name} does not let this job in: AccessDenied" in other.stderr
    assert f"ref is refs/heads/other; the trust allows {MAIN.ref}" in other.stderr
