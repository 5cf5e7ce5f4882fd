"""The package in a program in YAML, against the sandbox, beside the program itself."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugin.package import ROOT
from tests.engine.harness import Project, Sandbox, Stack
from tests.unit.pages import blocks, page

HOST = ROOT / "tools" / "toolchain" / "language-yaml"
ORGANIZATION = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"
TRUST = {"organization": ORGANIZATION, "projects": [PROJECT]}
PROVIDER = {
    "type": "aws:iam:OpenIdConnectProvider",
    "properties": {
        "url": f"https://oidc.circleci.com/org/{ORGANIZATION}",
        "clientIdLists": [ORGANIZATION],
    },
}


@pytest.fixture(scope="session")
def executables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the language host of Pulumi YAML, and the package as a plugin."""
    if shutil.which("go") is None:
        pytest.skip("the language host of Pulumi YAML is built with Go, and there is no go on PATH")
    made = tmp_path_factory.mktemp("bin")
    package = "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
    argv = ["go", "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", str(made), package]
    env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    subprocess.run(argv, cwd=HOST, env=env, check=True)
    plugin = made / "pulumi-resource-circleci-s3-access"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "plugin"}" "$@"\n')
    plugin.chmod(0o755)
    return made


@pytest.fixture
def program(
    tmp_path: Path, sandbox: Sandbox, executables: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, Any], dict[str, str]], Stack]:
    """Makes a stack of a program in YAML; called again, it changes the program."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{executables}")
    root = tmp_path / "yaml"
    root.mkdir()
    made: list[Stack] = []

    def write(resources: dict[str, Any], outputs: dict[str, str]) -> Stack:
        text = {"name": "in-yaml", "runtime": "yaml", "resources": resources, "outputs": outputs}
        (root / "Pulumi.yaml").write_text(json.dumps(text))  # YAML too, without aliases
        if not made:
            made.append(Project(root, sandbox, "in-yaml").stack())
        return made[0]

    return write


def resources(bucket: str, user: dict[str, Any], role: dict[str, Any]) -> dict[str, Any]:
    grants = [{"bucket": "${bucket.bucket}", "access": ["list", "read"], "prefixes": ["builds/"]}]
    return {
        "bucket": {"type": "aws:s3:Bucket", "properties": {"bucket": bucket}},
        "provider": PROVIDER,
        "ci": {"type": "circleci-s3-access:User", "properties": {"grants": grants, **user}},
        "deploy": {
            "type": "circleci-s3-access:Role",
            "properties": {
                "grants": grants,
                "trust": TRUST,
                "oidcProviderArn": "${provider.arn}",
                **role,
            },
        },
    }


OUTPUTS = {
    "arn": "${ci.arn}",
    "id": "${ci.accessKeyId}",
    "secret": "${ci.secretAccessKey}",
    "buckets": "${ci.buckets}",
    "role": "${deploy.arn}",
    "job": "${deploy.circleciConfig}",
}


def documents(stack: Stack) -> dict[str, Any]:
    """The user and the role with all their documents, as IAM has them."""
    iam = stack.iam
    user: dict[str, Any] = {**iam.get_user(UserName="ci")["User"]}
    role: dict[str, Any] = {**iam.get_role(RoleName="deploy")["Role"]}
    trust = json.dumps(role["AssumeRolePolicyDocument"]).replace(stack.account, "ACCOUNT")
    kept = ("Path", "Tags", "PermissionsBoundary", "MaxSessionDuration", "Description")
    return {
        "user": {key: user[key] for key in kept if key in user},
        "role": {key: role[key] for key in kept if key in role},
        "trust": trust,
        "of user": iam.get_user_policy(UserName="ci", PolicyName="s3-access")["PolicyDocument"],
        "of role": iam.get_role_policy(RoleName="deploy", PolicyName="s3-access")["PolicyDocument"],
    }


def test_a_program_makes_changes_and_destroys_what_the_products_own_program_makes(
    program: Callable[..., Stack], checkout: Project, bucket: str
) -> None:
    user = {"accessKeys": ["2026-11"], "path": "/ci/", "tags": {"team": "platform"}}
    role = {"maxSessionSeconds": 7200, "requireTls": True}
    stack = program(resources(bucket, user, role), OUTPUTS)
    early = stack.preview("--stack", stack.name)
    assert {"ci-user", "ci-inline", "ci-key-2026-11", "deploy-role", "deploy-inline"} <= {
        step["urn"].rsplit("::", 1)[-1] for step in early.steps
    }
    stack.up()
    outputs = stack.outputs()
    assert outputs["arn"] == f"arn:aws:iam::{stack.account}:user/ci/ci"
    assert outputs["buckets"] == [f"arn:aws:s3:::{bucket}"]
    assert outputs["secret"] == "[secret]"
    assert f"arn:aws:iam::{stack.account}:role/deploy" in json.dumps(outputs["job"])
    (key,) = stack.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
    assert outputs["id"] == key["AccessKeyId"]
    secret = stack.outputs(show_secrets=True)["secret"]
    assert secret not in stack.pulumi("stack", "export", "--stack", stack.name).stdout
    stack.preview("--expect-no-changes")

    own = checkout.stack(
        {
            "oidcProvider": "create",
            "identities": {
                "ci": {"kind": "user", "grants": _own(bucket), **user},
                "deploy": {"kind": "role", "trust": TRUST, "grants": _own(bucket), **role},
            },
        },
        buckets=False,
    )
    own.up()
    assert documents(stack) == documents(own)

    more = [{"bucket": "${bucket.bucket}", "access": ["read"]}]
    program(resources(bucket, {**user, "grants": more}, role), OUTPUTS)
    assert stack.up().changed == {"update": ["ci-inline"]}
    stack.destroy()
    assert stack.iam.list_users()["Users"] == []


def _own(bucket: str) -> list[dict[str, Any]]:
    return [{"bucket": bucket, "access": ["list", "read"], "prefixes": ["builds/"]}]


def test_wrong_properties_are_told_with_their_paths_and_nothing_is_made(
    program: Callable[..., Stack], bucket: str
) -> None:
    stack = program(
        resources(
            bucket,
            {"grants": [{"bucket": "${bucket.bucket}", "access": ["raed"]}], "path": "ci"},
            {"maxSessionSeconds": 60},
        ),
        {},
    )
    told = stack.up(ok=False).messages
    assert "grants[0].access" in told
    assert "'raed' is not one of list, read, write, delete, full" in told
    assert "'ci' is not an IAM path" in told
    assert "60 is out of range; AWS allows 3600 to 43200" in told
    assert "Traceback" not in told
    assert 'File "' not in told
    assert stack.iam.list_users()["Users"] == []


def test_what_is_looked_up_and_missing_is_told(program: Callable[..., Stack], bucket: str) -> None:
    given = {"grants": _own(bucket), "trust": TRUST}
    made = {"deploy": {"type": "circleci-s3-access:Role", "properties": given}}
    told = program(made, {}).preview(ok=False).messages
    assert f"'{bucket}' does not exist" in told
    assert "has no OIDC provider for organization" in told
    assert "Traceback" not in told


def test_an_unknown_value_is_told_in_the_first_preview_and_checked_in_up(
    program: Callable[..., Stack], bucket: str
) -> None:
    made = resources(bucket, {"tags": {"provider": "${provider.arn}"}}, {})
    stack = program(made, {})
    told = stack.preview().messages
    assert "not known in this preview: tags.provider" in told
    stack.up()
    (tag,) = stack.iam.list_user_tags(UserName="ci")["Tags"]
    assert tag["Value"].endswith(ORGANIZATION)


def test_the_pages_program_gives_its_jobs_a_role(
    program: Callable[..., Stack], bucket: str
) -> None:
    (text,) = blocks(page("docs/packages.md"), "yaml")
    shown = yaml.safe_load(text.replace("acme-site", bucket))
    stack = program(shown["resources"], shown["outputs"])
    stack.up()
    told = json.dumps(stack.outputs()["circleciConfig"])
    assert f"arn:aws:iam::{stack.account}:role/deploy" in told
    assert f"s3://{bucket}/public/" in told
    assert ORGANIZATION in json.dumps(stack.iam.get_role(RoleName="deploy"), default=str)
