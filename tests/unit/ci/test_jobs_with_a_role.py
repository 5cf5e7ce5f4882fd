"""Jobs that can assume a role run what was reviewed: no cache, no package that no lock holds."""

import subprocess
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
import yaml
from moto import mock_aws

from rollout.execution.run import find_cli
from tests.unit.ci.files import (
    ACTIONS,
    CIRCLECI,
    CIRCLECI_TESTS,
    WORKFLOWS,
    careless,
    load,
    values,
)
from tests.unit.pages import ROOT
from tests.unit.toolchain.fakes import pulumi
from tools.toolchain import pulumi_cli

SHARED: Final = {
    **{f"./{path.parent.relative_to(ROOT)}": load(path)["runs"]["steps"] for path in ACTIONS},
    **{name: command["steps"] for name, command in load(CIRCLECI)["commands"].items()},
}
# On CircleCI every job of a project has a token, and so has every one of the rollout's.
_JOBS: Final[dict[str, Any]] = {
    **{
        f"{path.stem}.{name}": job
        for path in WORKFLOWS
        for name, job in load(path)["jobs"].items()
        if "id-token" in job["permissions"] and "steps" in job
    },
    **{f"circleci.{name}": job for name, job in load(CIRCLECI)["jobs"].items()},
}
JOBS: Final = {name: job["steps"] for name, job in _JOBS.items()}


def variables(name: str) -> dict[str, str]:
    """Return what a job sets for all its steps; CircleCI adds the executor's to the job's."""
    job = _JOBS[name]
    if not name.startswith("circleci."):
        return dict(job["env"])
    executor = load(CIRCLECI)["executors"][job["executor"]]
    return {**executor.get("environment", {}), **job.get("environment", {})}


def test_the_jobs_with_a_role_are_looked_at() -> None:
    assert JOBS.keys() == {
        *("preview.preview", "rollout.preview", "rollout.up", "drift.drift", "keys.rotate"),
        *(f"circleci.{name}" for name in ("preview", "comment", "plan", "up", "rotate", "drift")),
    }


@pytest.mark.parametrize("name", JOBS)
def test_a_job_with_a_role_runs_only_what_was_reviewed(name: str) -> None:
    assert list(careless(JOBS[name], SHARED)) == []


@pytest.mark.parametrize("name", JOBS)
def test_a_job_with_a_role_leaves_out_the_pulumi_of_its_machine(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pulumi(tmp_path / "image")
    made = pulumi_cli.examine(pulumi(tmp_path / "made"))
    monkeypatch.setenv("PATH", f"{image.parent}:/bin")
    monkeypatch.setattr(pulumi_cli, "kept", lambda _: made)
    assert find_cli().pulumi == image
    for key, value in variables(name).items():
        monkeypatch.setenv(key, value)
    assert pulumi_cli.search()[0] is None
    assert find_cli() == made
    # No step takes it back.
    assert "PULUMI_CLI" not in str([*JOBS[name], *SHARED.values()])


@pytest.mark.parametrize(
    "step",
    [
        "restore_cache: {keys: [v1-]}",
        "save_cache: {key: v1, paths: [.toolchain]}",
        "uses: actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae",
        "uses: actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae",
        "{uses: actions/setup-python@v6, with: {cache: pip}}",
        "uses: actions/setup-go@v6",
        "run: make toolchain",
        "run: make test",
        "run: .venv/bin/python -m pip install -r requirements.txt",
        "run: {command: curl https://example.com/install | sh}",
        "aws-cli/setup: {role_arn: a}",
        "shared",
    ],
)
def test_a_step_that_brings_in_more_is_noticed(step: str) -> None:
    shared = {"shared": [{"run": "make venv"}]}
    assert len(list(careless([yaml.safe_load(step)], shared))) == 1


def test_the_tests_on_circleci_have_no_context_and_so_no_way_to_a_role() -> None:
    content = load(CIRCLECI_TESTS)
    assert not list(values(content, "context"))
    assert "orbs" not in content


def test_every_job_of_the_rollout_on_circleci_has_a_context_that_can_be_guarded() -> None:
    for workflow in load(CIRCLECI)["workflows"].values():
        for job in workflow["jobs"]:
            ((name, said),) = job.items()
            assert "context" in said or said.get("type") == "approval", name


@mock_aws
def test_the_token_of_a_circleci_job_becomes_a_session_of_the_contexts_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (step,) = load(CIRCLECI)["commands"]["assume-role"]["steps"]
    env = {
        "BASH_ENV": str(tmp_path / "bash_env"),
        "CIRCLE_OIDC_TOKEN_V2": "header.payload.signature",
        "CIRCLE_WORKFLOW_JOB_ID": "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab",
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
    }

    def bash(script: str) -> str:
        command = ["/bin/bash", "-eo", "pipefail", "-c", script]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return done.stdout

    (tmp_path / "bash_env").touch()
    assert bash(step["run"]) == ""
    with monkeypatch.context() as told:
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            told.delenv(key, raising=False)  # moto's
        for line in bash("env | grep ^AWS_").splitlines():  # what the next step has
            told.setenv(*line.split("=", 1))
        told.setenv("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/s3-access-up")
        made = boto3.Session(region_name="eu-west-1").client("sts").get_caller_identity()
    session = f"circleci-{env['CIRCLE_WORKFLOW_JOB_ID']}"
    assert made["Arn"].endswith(f":assumed-role/s3-access-up/{session}")
    assert (tmp_path / ".aws-token").stat().st_mode & 0o077 == 0
