"""The files that CI reads fit their schemas and linters, and are as careful as docs/ci.md says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.unit.ci.files import (
    ACTIONS,
    ALL,
    CIRCLECI,
    CIRCLECI_TESTS,
    DOCS,
    WORKFLOWS,
    load,
    named,
    scripts,
    values,
)
from tests.unit.pages import ROOT

LINTER: Final = ROOT / "tools" / "toolchain" / "actionlint"
JOBS: Final = {
    f"{path.stem}.{name}": job for path in WORKFLOWS for name, job in load(path)["jobs"].items()
}


def check(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Check files against a schema that comes with check-jsonschema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    command += map(str, files)
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned actionlint."""
    if shutil.which("go") is None:
        pytest.skip("actionlint is built from source, and there is no go on PATH")
    built = tmp_path_factory.mktemp("bin") / "actionlint"
    package = "github.com/rhysd/actionlint/cmd/actionlint"
    argv = ["go", "build", "-mod=readonly", "-trimpath", "-o", str(built), package]
    env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    subprocess.run(argv, cwd=LINTER, env=env, check=True)
    return built


def lint(actionlint: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    # Not what else may be on this machine, so that it says the same everywhere.
    command = [str(actionlint), "-no-color", "-shellcheck=", "-pyflakes=", *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.github-actions", ACTIONS),
        ("vendor.circle-ci", [CIRCLECI, CIRCLECI_TESTS]),
    ],
)
def test_files_fit_their_schema(schema: str, files: list[Path], tmp_path: Path) -> None:
    done = check(schema, *files)
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs: {a: {runs-on: x, step: []}}\nruns: {}\n")
    assert check(schema, wrong).returncode == 1


def test_what_keeps_prods_state_apart_fits_the_schema(tmp_path: Path) -> None:
    (line,) = re.findall(r"On GitHub add `(environment: .*)` to the job", DOCS.read_text("utf-8"))
    text = (ROOT / ".github/workflows/rollout.yml").read_text(encoding="utf-8")
    apart = tmp_path / "rollout.yml"
    apart.write_text(text.replace("  preview:\n", f"  preview:\n    {line}\n", 1), "utf-8")
    assert load(apart)["jobs"]["preview"]["environment"] == "${{ inputs.environment }}-preview"
    done = check("vendor.github-workflows", apart)
    assert done.returncode == 0, done.stdout


def by_version(text: str) -> str:
    """The text with its actions by version: actionlint knows the inputs of versions alone."""
    return re.sub(r"@[0-9a-f]{40} # (v\d+)\S*", r"@\1", text)


def test_workflows_pass_actionlint(actionlint: Path, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # where actionlint takes local actions from
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    copies = sorted(tmp_path.glob(".github/workflows/*.yml"))
    for copy in copies:
        copy.write_text(by_version(copy.read_text(encoding="utf-8")), encoding="utf-8")
    done = lint(actionlint, *WORKFLOWS, *copies)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("persist-credentials: false", "persist-credential: false"),
        ("vars.AWS_REGION", "var.AWS_REGION"),
        ("needs: preview", "needs: previews"),
        ("actions: read", "actions: reads"),
    ],
)
def test_actionlint_notices_what_is_wrong(
    actionlint: Path, tmp_path: Path, right: str, wrong: str
) -> None:
    text = by_version((ROOT / ".github/workflows/preview.yml").read_text(encoding="utf-8"))
    text = text.replace("permissions: {}", "permissions: {actions: read}")
    assert right in text
    file = tmp_path / "preview.yml"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    assert lint(actionlint, file).returncode == 1


def test_each_job_says_what_it_may_and_none_may_more_than_it_needs() -> None:
    for path in WORKFLOWS:
        assert load(path)["permissions"] == {}, path
    may = {name: job["permissions"] for name, job in JOBS.items()}
    read = {"contents": "read"}
    with_aws = {**read, "id-token": "write"}
    assert may == {
        "test.test": read,
        "preview.preview": with_aws,
        "preview.comment": {**read, "pull-requests": "write"},
        "rollout.preview": with_aws,
        "rollout.up": with_aws,
        "up.dev": with_aws,
        "up.prod": with_aws,
        "drift.drift": with_aws,
        "release.test": read,
        "release.release": {"contents": "write"},
        "keys.rotate": {"contents": "write", "id-token": "write"},  # it pushes the stacks' files
    }


def test_what_has_aws_is_what_may_have_a_token_for_it() -> None:
    def has_aws(job: Any) -> bool:
        used = [job.get("uses", ""), *(step.get("uses", "") for step in job.get("steps", ()))]
        return any("configure-aws-credentials" in use or "rollout.yml" in use for use in used)

    with_token = {name for name, job in JOBS.items() if "id-token" in job["permissions"]}
    assert with_token == {name for name, job in JOBS.items() if has_aws(job)}


PINNED: Final = re.compile(r"(actions|aws-actions)/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def unpinned(text: str) -> list[str]:
    """What a workflow uses that is neither of this repository nor of a commit with its version."""
    used = re.findall(r"^[ -]*uses: (.*)$", text, re.MULTILINE)
    return [
        one
        for one in used
        if not (one.startswith("./") and (ROOT / one).exists()) and not PINNED.fullmatch(one)
    ]


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: path.parent.name)
def test_actions_are_pinned_to_commits_and_their_makers_known(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unpinned(text) == []
    assert text.count("uses: ") == len(list(values(load(path), "uses")))  # each on its own line


@pytest.mark.parametrize(
    "used",
    [
        "actions/checkout@v6",
        f"actions/checkout@{'0' * 40}",  # of which version?
        "./.github/actions/none",
        f"someone/checkout@{'0' * 40} # v6.1.0",
    ],
)
def test_an_action_that_is_not_pinned_is_noticed(used: str) -> None:
    assert unpinned(f"    steps:\n      - uses: {used}\n") == [used]


def test_one_action_has_one_version_everywhere() -> None:
    found = {
        used
        for path in [*WORKFLOWS, *ACTIONS]
        for used in values(load(path), "uses")
        if not used.startswith("./")
    }
    assert len({used.partition("@")[0] for used in found}) == len(found)


def test_circleci_takes_nothing_from_an_orb() -> None:
    assert not any("orbs" in load(path) for path in (CIRCLECI, CIRCLECI_TESTS))


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_secret_is_kept_for_ci(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name == "keys.yml":  # OIDC does not reach CircleCI's API
        text = text.replace("CIRCLECI_TOKEN: ${{ secrets.CIRCLECI_TOKEN }}", "", 1)
    for word in ("secrets.", "secrets:", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"):
        assert word not in text


def test_nothing_runs_the_code_of_a_fork_with_credentials() -> None:
    for path in WORKFLOWS:
        assert not {"pull_request_target", "workflow_run"} & set(load(path)["on"]), path
    guard = "github.event.pull_request.head.repo.full_name == github.repository"
    assert guard in JOBS["preview.preview"]["if"]


def test_nothing_reaches_aws_before_the_variable_is_set() -> None:
    for name in ("preview.preview", "up.dev", "drift.drift", "keys.rotate"):
        assert "vars.AWS_PREVIEW_ROLE_ARN != ''" in JOBS[name]["if"]
    # These follow one of those; a job is skipped where the one that it needs was.
    assert named("rollout")["on"].keys() == {"workflow_call"}
    assert JOBS["up.prod"]["needs"] == "dev"
    assert "needs.preview.result != 'skipped'" in JOBS["preview.comment"]["if"]


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: path.parent.name)
def test_what_a_stranger_can_write_is_no_part_of_a_script(path: Path) -> None:
    for script in scripts(path):
        assert "${{" not in script


def test_no_checkout_leaves_its_token_behind() -> None:
    steps = [step for job in JOBS.values() for step in job.get("steps", ())]
    checkouts = [step for step in steps if "actions/checkout" in step.get("uses", "")]
    assert len(checkouts) == 8
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_ups_never_race_and_none_is_interrupted() -> None:
    up = JOBS["rollout.up"]
    assert up["environment"] == "${{ inputs.environment }}"
    assert up["concurrency"] == {
        "group": "up-${{ inputs.environment }}-${{ strategy.job-index }}",
        "cancel-in-progress": False,
    }
    environments = [job["with"]["environment"] for job in named("up")["jobs"].values()]
    assert environments == ["dev", "prod"]


def test_keys_change_only_where_somebody_turned_it_on_and_never_beside_an_up() -> None:
    rotate = JOBS["keys.rotate"]
    assert "vars.ROTATE_KEYS == 'true'" in rotate["if"]
    assert "github.ref == 'refs/heads/main'" in rotate["if"]
    assert rotate["concurrency"]["group"] == "up-${{ matrix.environment }}-0"
    assert rotate["environment"] == "${{ matrix.environment }}"
    *_, step, push = rotate["steps"]
    assert step["env"] == {"CIRCLECI_TOKEN": "${{ secrets.CIRCLECI_TOKEN }}"}
    assert "CIRCLECI_TOKEN" not in push["env"]
    workflow = load(CIRCLECI)["workflows"]["keys"]
    assert workflow["when"] == {"equal": ["nightly-keys", "<< pipeline.schedule.name >>"]}
    for name, job in circleci_jobs("keys").items():
        environment = name.removeprefix("keys-")
        assert job["context"] == [f"rollout-{environment}", "rollout-keys"]
        assert job["serial-group"].endswith(f"/up-{environment}")
        assert job["filters"]["branches"] == {"only": "main"}


def test_shards_of_up_are_those_that_were_previewed() -> None:
    preview, up = JOBS["rollout.preview"], JOBS["rollout.up"]
    assert preview["strategy"] == up["strategy"]
    assert preview["env"] == up["env"]
    assert up["env"]["SHARD"] == "${{ strategy.job-index }}/${{ strategy.job-total }}"


def circleci_jobs(workflow: str) -> dict[str, Any]:
    """Return the jobs of a CircleCI workflow by the names that they have there."""
    jobs = load(CIRCLECI)["workflows"][workflow]["jobs"]
    pairs = [next(iter(job.items())) if isinstance(job, dict) else (job, {}) for job in jobs]
    return {said.get("name", name): said for name, said in pairs}


def test_circleci_runs_tests_alone_in_a_project_with_the_usual_config() -> None:
    content = load(CIRCLECI_TESTS)
    assert content["workflows"] == {"test": {"jobs": ["test", "browser"]}}
    assert content["jobs"].keys() == {"test", "browser"}


def test_circleci_asks_before_prod_and_applies_main_alone() -> None:
    jobs = circleci_jobs("up")
    assert all(job["filters"]["branches"] == {"only": "main"} for job in jobs.values())
    assert jobs["up-prod"]["requires"] == ["approve-prod"]
    assert jobs["approve-prod"]["type"] == "approval"
    assert jobs["approve-prod"]["requires"] == ["plan-prod"]
    assert jobs["plan-prod"]["requires"] == ["up-dev"]
    for environment in ("dev", "prod"):
        plan, up = jobs[f"plan-{environment}"], jobs[f"up-{environment}"]
        assert plan["stacks"] == up["stacks"]
        assert plan.get("machines") == up.get("machines")
        assert plan["context"] == "rollout-preview"
        assert up["context"] == f"rollout-{environment}"
        assert up["serial-group"].endswith(f"/up-{environment}")


def test_circleci_keeps_aws_and_github_apart() -> None:
    jobs = circleci_jobs("preview")
    assert {name: job["context"] for name, job in jobs.items()} == {
        "preview": "rollout-preview",
        "comment": "rollout-comment",
    }
    steps = {name: job["steps"] for name, job in load(CIRCLECI)["jobs"].items()}
    assert "assume-role" not in steps["comment"]
    assert "set-up" not in steps["comment"]
