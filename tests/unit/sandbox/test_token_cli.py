"""`token`: what is asked wrongly, and tokens."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from sandbox.cli import app
from sandbox.folder import Folder
from sandbox.issuer import issuer_key, read_unchecked, signature_fault
from tests.unit.sandbox.test_tokens import ORGANIZATION, PROJECT, USER

Run = Callable[..., Result]
GRANTS = [{"bucket": "acme-site", "access": ["read"]}]
TRUST = {"organization": ORGANIZATION, "projects": [PROJECT], "users": [USER]}
IDENTITIES = {
    "deploy": {"kind": "role", "trust": TRUST, "grants": GRANTS},
    "old": {"kind": "user", "grants": GRANTS},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a project of its own, with a sandbox that does not run."""
    monkeypatch.setenv("SANDBOX_DIR", str(tmp_path / "sandbox"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: circleci-s3-access\n")
    for stack in ("dev", "dev2"):
        config = {"circleci-s3-access:identities": IDENTITIES}
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
    (tmp_path / "Pulumi.broken.yaml").write_text("config: {identities: 1}")
    return lambda *args, **more: CliRunner().invoke(app, args, **more)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["-i", "none"], "Pulumi.dev.yaml has no identity 'none'; there are: deploy, old"),
        (["-i", "old"], "old is a user, which has no trust"),
        (["-i", "deploy", "-s", "prod"], "There is no Pulumi.prod.yaml in"),
        (["-i", "deploy", "-s", "dev*"], "'dev*' matches several stacks: dev, dev2"),
        (["-i", "deploy", "-s", "broken"], "Pulumi.broken.yaml: identities: 1"),
        (["-i", "deploy", "--user", "me"], "--user: 'me' is not a lowercase UUID"),
        (["-i", "deploy", "--token-version", "v3"], "'v3'"),
        ([], "Missing option '--identity'"),
    ],
)
def test_what_is_asked_wrongly_is_said_and_ends_with_2(
    run: Run, args: list[str], words: str
) -> None:
    result = run("token", *args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_a_token_is_printed_alone_and_is_one_that_the_trust_lets_in(
    run: Run, tmp_path: Path
) -> None:
    result = run("token", "-i", "deploy")
    assert (result.exit_code, result.stderr) == (0, "")
    (token,) = result.stdout.splitlines()
    assert signature_fault(token, issuer_key(Folder(tmp_path / "sandbox"))) is None
    assert read_unchecked(token)["sub"].startswith(f"org/{ORGANIZATION}/project/{PROJECT}/user/")


def test_a_token_is_of_the_job_that_is_asked_for(run: Run) -> None:
    args = ["--ref", "refs/heads/x", "--token-version", "v1", "--audience", "sts.amazonaws.com"]
    claims = read_unchecked(run("token", "-i", "deploy", *args).stdout.strip())
    assert claims["aud"] == "sts.amazonaws.com"
    assert claims["oidc.circleci.com/vcs-ref"] == "refs/heads/x"
    assert claims["sub"] == f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}"


def test_a_token_goes_into_a_file_for_its_owner_only(run: Run, tmp_path: Path) -> None:
    result = run("token", "-i", "deploy", "-o", "job.jwt")
    assert (result.exit_code, result.output) == (0, "")
    written = tmp_path / "job.jwt"
    assert written.stat().st_mode & 0o777 == 0o600
    assert read_unchecked(written.read_text().strip())["aud"] == ORGANIZATION


def test_a_file_that_cannot_be_written_is_said(run: Run) -> None:
    result = run("token", "-i", "deploy", "-o", "nowhere/job.jwt")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
    assert "No such file or directory" in result.stderr
