"""The AWS config of a CI job: a role of a name in each stack's own account."""

from configparser import RawConfigParser
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tools.ci.aws_config import main

HEAD = "config:\n  aws:region: {region}\n  aws:allowedAccountIds: {accounts}\n"


def stack(
    root: Path,
    name: str,
    *accounts: str,
    profile: str | None = None,
    region: str = "eu-west-1",
) -> None:
    text = HEAD.format(region=region, accounts=list(accounts))
    line = f"  aws:profile: {profile}\n" if profile else ""
    (root / f"Pulumi.{name}.yaml").write_text(text + line)


def test_each_profile_is_the_role_in_its_stacks_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack(tmp_path, "dev", "111111111111", profile="acme-dev")
    stack(tmp_path, "dev-us", "111111111111", profile="acme-dev", region="us-east-1")
    stack(tmp_path, "gov", "222222222222", profile="acme-gov", region="us-gov-west-1")
    stack(tmp_path, "plain", "333333333333")
    assert main(["ci/preview"], tmp_path) == 0
    config = RawConfigParser()
    config.read_string(capsys.readouterr().out)
    assert {name: dict(config[name]) for name in config.sections()} == {
        "profile acme-dev": {
            "role_arn": "arn:aws:iam::111111111111:role/ci/preview",
            "credential_source": "Environment",
        },
        "profile acme-gov": {
            "role_arn": "arn:aws-us-gov:iam::222222222222:role/ci/preview",
            "credential_source": "Environment",
        },
    }


def test_all_that_is_wrong_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack(tmp_path, "a", "111111111111", profile="acme")
    stack(tmp_path, "b", "222222222222", profile="acme")
    stack(tmp_path, "c", "111111111111", "222222222222", profile="other")
    (tmp_path / "Pulumi.d.yaml").write_text("config: [")
    assert main(["preview"], tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    b, c, d = said.err.splitlines()
    arn = "arn:aws:iam::{}:role/preview"
    assert b == (
        f"Pulumi.b.yaml: aws:profile: 'acme' is {arn.format(111111111111)} for another stack; "
        f"here it would be {arn.format(222222222222)}"
    )
    assert c.startswith("Pulumi.c.yaml: aws:allowedAccountIds: has to name the one account")
    assert d.startswith("Pulumi.d.yaml: file: can't be read")


@pytest.mark.parametrize("name", [r"x]\ncredential_process = id\n[profile y", "a b", "", "a]"])
def test_a_profile_writes_nothing_but_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Its line can't end: what follows would be settings that AWS's SDKs obey."""
    stack(tmp_path, "a", "111111111111", profile=f'"{name}"')
    assert main(["preview"], tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "is not the name of a profile" in said.err


@mock_aws
def test_credentials_of_the_environment_lead_through_a_profile_into_its_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(tmp_path, "dev", "111111111111", profile="acme-dev")
    main(["preview"], tmp_path)
    (tmp_path / "config").write_text(capsys.readouterr().out)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    there = boto3.Session(profile_name="acme-dev", region_name="eu-west-1").client("sts")
    assert "111111111111:assumed-role/preview/" in there.get_caller_identity()["Arn"]


@mock_aws
def test_a_token_of_the_environment_leads_through_the_jobs_role_into_the_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(tmp_path, "dev", "111111111111", profile="acme-dev")
    (tmp_path / "token").write_text("header.payload.signature")
    with monkeypatch.context() as told:
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            told.delenv(key, raising=False)  # moto's
        told.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        told.setenv("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci")
        main(["preview"], tmp_path)
        (tmp_path / "config").write_text(capsys.readouterr().out)
        told.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        there = boto3.Session(profile_name="acme-dev", region_name="eu-west-1").client("sts")
        who = there.get_caller_identity()["Arn"]
    assert "111111111111:assumed-role/preview/" in who


def test_a_token_without_a_role_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "token")
    monkeypatch.delenv("AWS_ROLE_ARN", raising=False)
    assert main(["preview"], tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not\n"
