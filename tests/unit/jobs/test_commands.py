"""What `run` and `learn` say to a wrong command line."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sandbox.cli import app
from tests.unit.settings.configs import role, user

RUN = ("run", "--stack", "prod", "--identity")


@pytest.mark.parametrize("args", [(*RUN, "ci"), (*RUN, "ci", "--no-such"), ("learn", "--bucket")])
def test_wrong_usage_does_not_end_with_a_code_that_a_command_may_have(
    args: tuple[str, ...],
) -> None:
    assert CliRunner().invoke(app, args).exit_code == 125


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((*RUN, "none"), "--identity: Pulumi.prod.yaml has no identity 'none'; there are: ci, job"),
        ((*RUN, "ci"), "prod: the sandbox is not running; `python -m sandbox up --stack prod`"),
        (("run", "--stack", "no", "--identity", "ci"), "There is no Pulumi.no.yaml in"),
        ((*RUN, "ci", "--json", "no/such/report.json"), "no/such/report.json: no file can be"),
        (("learn", "--identity", "ci"), "--identity: name its stack with --stack"),
        (("learn", "--stack", "prod", "--identity", "x"), "--identity: Pulumi.prod.yaml has no"),
        (("learn", "--bucket", "s3://x-y", "--bucket", "UP"), "--bucket: 's3://x-y' is not a"),
        (("learn", "--output", "."), ".: no file can be written there"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    args: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_DIR", str(tmp_path / "sandbox"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: circleci-s3-access\n")
    config = {"circleci-s3-access:identities": {"ci": user(), "job": role()}}
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
    done = CliRunner().invoke(app, [*args, "--", "touch", "ran"])
    assert (done.exit_code, done.stdout) == (125, "")
    assert done.stderr.startswith(f"error: {words}")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "sandbox" / "instance").exists(), "no sandbox was started"
