"""The scripts in the CI files themselves, run on the sandbox as each CI runs them."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from sandbox.environment import environment, for_process
from sandbox.folder import CHECKOUT
from tests.engine.harness import Project, Sandbox, Stack
from tests.unit.ci.fake_github import TOKEN, serve
from tests.unit.ci.files import CIRCLECI, load, named

STACKS: Final = ("prod-eu", "prod-us")
SHARDS: Final = ("0/2", "1/2")


def script_of(job: Mapping[str, Any], command: str) -> str:
    """Return the one script of a job that runs a Python command."""
    runs = [step["run"] for step in job["steps"] if isinstance(step, dict) and "run" in step]
    texts = [str(run if isinstance(run, str) else run["command"]) for run in runs]
    (found,) = [text for text in texts if f"-m {command}" in text]
    return found


@dataclass(frozen=True)
class Machine:
    """A CI's machine with the repository, which is a project in the sandbox."""

    project: Project

    def run(self, shell: str, script: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a script in a CI's shell."""
        sandbox = self.project.sandbox
        made = for_process(environment(sandbox.folder, sandbox.running, None))
        return subprocess.run(
            [*shell.split(), script],
            cwd=self.project.root,
            # PULUMI_CLI as the jobs have it: the sandbox's goes on.
            env={**made, "PYTHONPATH": str(CHECKOUT), "PULUMI_CLI": "pinned", **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def push_main(self) -> None:
        """Make what is there the newest commit of `origin/main`."""
        for line in (
            "init --quiet --initial-branch main",
            "add Pulumi*.yaml __main__.py components",
            "-c user.name=a -c user.email=a@acme.example commit --quiet --message main",
            "update-ref refs/remotes/origin/main HEAD",
        ):
            done = self.run("bash -e -c", f"git {line}")
            assert done.returncode == 0, done.stderr

    def actions(self, place: str, command: str, code: int = 0, **variables: str) -> str:
        """Run the script of GitHub's `workflow.job`; return what it said and set as outputs."""
        workflow, name = place.split(".")
        output = self.project.root / "github-output"
        output.write_text("")
        variables |= {"STACKS": "prod*", "GITHUB_OUTPUT": str(output)}
        script = script_of(named(workflow)["jobs"][name], command)
        done = self.run("bash -e -c", script, **variables)
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return f"{done.stdout}\n{output.read_text()}"

    def circleci(self, job: str, command: str, code: int = 0, **variables: str) -> str:
        """Run CircleCI's script, and return what it said."""
        script = script_of(load(CIRCLECI)["jobs"][job], command)
        done = self.run("bash -eo pipefail -c", script, STACKS="prod*", **variables)
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path, sandbox: Sandbox) -> Machine:
    return Machine(Project.of_checkout(tmp_path / "project", sandbox))


@pytest.fixture
def stacks(machine: Machine) -> Iterator[dict[str, Stack]]:
    made = {name: machine.project.stack(config("read"), name=name) for name in STACKS}
    yield made
    for stack in made.values():
        stack.destroy()


def config(*access: str) -> dict[str, Any]:
    grant = {"bucket": "acme-ci", "access": list(access)}
    return {"identities": {"ci": {"kind": "user", "grants": [grant]}}}


def actions_of(stack: Stack) -> Any:
    found: Any = stack.iam.get_user_policy(UserName="ci", PolicyName="s3-access")
    return found["PolicyDocument"]["Statement"][0]["Action"]


def preview(machine: Machine) -> list[str]:
    """Preview on all machines of GitHub, each with a folder of its own, as artifacts are."""
    said = []
    for number, shard in enumerate(SHARDS):
        said.append(machine.actions("rollout.preview", "rollout preview", SHARD=shard))
        (machine.project.root / "preview").rename(machine.project.root / f"artifact-{number}")
    return said


def up(machine: Machine, code: int = 0) -> str:
    said = ""
    for number, shard in enumerate(SHARDS):
        (machine.project.root / f"artifact-{number}").rename(machine.project.root / "preview")
        said += machine.actions("rollout.up", "rollout up", code, SHARD=shard)
        (machine.project.root / "preview").rename(machine.project.root / f"used-{number}")
    return said


def test_actions_apply_on_all_machines_what_was_previewed_there(
    machine: Machine, stacks: dict[str, Stack]
) -> None:
    assert all("changes=true" in said for said in preview(machine))
    up(machine)
    assert [actions_of(stack) for stack in stacks.values()] == ["s3:GetObject"] * 2
    assert not any("changes=true" in said for said in preview(machine))


def test_actions_apply_nothing_that_was_not_previewed(
    machine: Machine, stacks: dict[str, Stack]
) -> None:
    preview(machine)
    for stack in stacks.values():
        stack.write({"identities": {"other": config("read")["identities"]["ci"]}}, buckets=False)
    up(machine, code=1)
    assert [stack.iam.list_users()["Users"] for stack in stacks.values()] == [[], []]


def test_up_that_failed_half_way_can_be_run_again(
    machine: Machine, stacks: dict[str, Stack]
) -> None:
    preview(machine)
    first, second = stacks.values()
    second.up()  # what the first attempt got done
    up(machine)
    assert actions_of(first) == actions_of(second) == "s3:GetObject"


def test_pull_request_has_one_comment_on_the_stacks_that_it_changes(
    machine: Machine, stacks: dict[str, Stack], tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "0" * 40}}}))
    for stack in stacks.values():
        stack.up()
    machine.push_main()
    stacks["prod-us"].write(config("read", "write"), buckets=False)
    with serve() as github:
        told: dict[str, Any] = {
            "GITHUB_API_URL": github.url,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "acme/access",
            "GITHUB_RUN_ID": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_TOKEN": TOKEN,
        }
        for _ in range(2):
            machine.actions("preview.preview", "rollout preview", GITHUB_BASE_REF="main")
            machine.actions("preview.comment", "tools.ci.comment", **told)
    (body,) = github.bodies(7)
    assert "prod-us" in body
    assert "prod-eu" not in body
    assert "s3:PutObject" in body
    assert stacks["prod-us"].account not in body
    comment = machine.project.root / "preview.md"
    actions_says = comment.read_text()
    machine.circleci("preview", "rollout preview")
    assert comment.read_text() == actions_says
    assert (machine.project.root / "preview.code").read_text() == "0\n"


def test_nightly_drift_fails_and_says_that_it_is_drift(
    machine: Machine, stacks: dict[str, Stack]
) -> None:
    for stack in stacks.values():
        stack.up()
    assert "::error" not in machine.actions("drift.drift", "rollout drift")
    machine.circleci("drift", "rollout drift")
    stacks["prod-us"].iam.delete_user_policy(UserName="ci", PolicyName="s3-access")
    assert "::error title=Drift::" in machine.actions("drift.drift", "rollout drift", code=2)
    machine.circleci("drift", "rollout drift", code=2)


def test_circleci_deals_the_stacks_out_by_itself(
    machine: Machine, stacks: dict[str, Stack]
) -> None:
    for command in ("preview", "up"):
        for index in range(len(STACKS)):
            job = "plan" if command == "preview" else "up"
            total = str(len(STACKS))
            machine.circleci(
                job, f"rollout {command}", CIRCLE_NODE_INDEX=str(index), CIRCLE_NODE_TOTAL=total
            )
            made = list((machine.project.root / "plans").glob("*.json"))
            assert len(made) == (index + 1 if command == "preview" else len(STACKS))
    assert [actions_of(stack) for stack in stacks.values()] == ["s3:GetObject"] * 2
