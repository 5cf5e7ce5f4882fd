import os
import subprocess
from pathlib import Path

import pytest

from rollout.choosing.changed import changed_since, is_program, program_digests, stack_digest
from rollout.errors import RolloutError

STACKS = ("dev", "prod")


def git(root: Path, *args: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", *identity, "-C", str(root), *args]
    subprocess.run(command, check=True, capture_output=True, env=env)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A project one folder below a repository's root, with a first commit on `main`."""
    root = tmp_path / "infra"
    (root / "components").mkdir(parents=True)
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "README.md"):
        (root / name).write_text("a: 1\n")
    (root / "__main__.py").write_text("")
    (root / "components" / "__init__.py").write_text("")
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return root


def concerned(repo: Path, ref: str = "main") -> tuple[str, ...]:
    return changed_since(repo, ref).of(STACKS)


def test_without_a_change_no_stack_is_concerned(repo: Path) -> None:
    assert concerned(repo) == ()


def test_a_changed_file_concerns_its_stack_committed_or_not(repo: Path) -> None:
    git(repo, "switch", "-c", "topic")
    (repo / "Pulumi.prod.yaml").write_text("a: 2\n")
    assert concerned(repo) == ("prod",)
    git(repo, "commit", "-am", "second")
    assert concerned(repo) == ("prod",)


def test_a_file_that_git_does_not_know_yet_concerns_its_stack(repo: Path) -> None:
    (repo / "Pulumi.new.yaml").write_text("a: 1\n")
    assert changed_since(repo, "main").of(("dev", "new")) == ("new",)


def test_a_new_module_of_the_program_concerns_all(repo: Path) -> None:
    (repo / "components" / "new.py").write_text("")
    assert concerned(repo) == STACKS


def test_a_module_that_moved_out_of_the_program_concerns_all(repo: Path) -> None:
    (repo / "components" / "tool.py").write_text("x = 1\n")
    git(repo, "add", ".")
    git(repo, "commit", "-m", "second")
    git(repo, "switch", "-c", "topic")
    (repo / "rollout").mkdir()
    git(repo, "mv", "components/tool.py", "rollout/tool.py")
    assert concerned(repo) == STACKS


def test_what_others_changed_since_the_branches_parted_does_not_count(repo: Path) -> None:
    git(repo, "switch", "-c", "topic")
    git(repo, "switch", "main")
    (repo / "Pulumi.dev.yaml").write_text("a: 2\n")
    git(repo, "commit", "-am", "on main")
    git(repo, "switch", "topic")
    assert concerned(repo) == ()


def test_other_files_concern_no_stack(repo: Path) -> None:
    (repo / "README.md").write_text("more\n")
    (repo.parent / "Pulumi.dev.yaml").write_text("another project's\n")
    assert concerned(repo) == ()


def test_a_deleted_stack_file_is_known(repo: Path) -> None:
    (repo / "Pulumi.prod.yaml").unlink()
    change = changed_since(repo, "main")
    assert change.deleted_stacks(repo) == ("Pulumi.prod.yaml",)
    assert change.of(("dev",)) == ()


def test_a_renamed_stack_file_is_known_as_deleted(repo: Path) -> None:
    git(repo, "mv", "Pulumi.prod.yaml", "Pulumi.live.yaml")
    change = changed_since(repo, "main")
    assert change.deleted_stacks(repo) == ("Pulumi.prod.yaml",)
    assert change.of(("dev", "live")) == ("live",)


def test_an_unknown_ref_is_told_in_gits_words(repo: Path) -> None:
    with pytest.raises(RolloutError, match=r"--changed-since nowhere: .*nowhere"):
        changed_since(repo, "nowhere")


def test_a_ref_that_looks_like_an_option_is_none(repo: Path) -> None:
    with pytest.raises(RolloutError, match="--changed-since --all"):
        changed_since(repo, "--all")


def test_a_ref_without_a_common_commit_is_told_with_its_likely_cause(repo: Path) -> None:
    git(repo.parent, "switch", "--orphan", "other")
    git(repo.parent, "commit", "--allow-empty", "-m", "alone")
    repo.mkdir(exist_ok=True)
    with pytest.raises(RolloutError, match="share no commit here; a shallow clone must fetch"):
        changed_since(repo, "main")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("__main__.py", True),
        ("components/policy/access.py", True),
        ("Pulumi.yaml", True),
        ("requirements.txt", True),
        ("pulumi_aws.pyc", True),
        ("pulumi_aws.cpython-311-x86_64-linux-gnu.so", True),
        ("components/policy/access.pyd", True),
        ("components/__pycache__/a.cpython-311.pyc", False),
        ("__pycache__/__main__.cpython-311.pyc", False),
        ("requirements-dev.txt", False),
        ("rollout/cli.py", False),
        ("tests/unit/test_a.py", False),
        ("Pulumi.dev.yaml", False),
        ("rollout.yaml", False),
        ("docs/x.md", False),
    ],
)
def test_the_program_is_its_code_settings_and_requirements(path: str, expected: bool) -> None:  # noqa: FBT001
    assert is_program(path) is expected


def test_the_digest_of_a_stack_changes_with_its_file_and_with_the_program(repo: Path) -> None:
    before = stack_digest(repo, "dev", program_digests(repo))
    (repo / "README.md").write_text("more\n")
    (repo / "Pulumi.prod.yaml").write_text("a: 2\n")
    assert stack_digest(repo, "dev", program_digests(repo)) == before
    (repo / "Pulumi.dev.yaml").write_text("a: 2\n")
    changed = stack_digest(repo, "dev", program_digests(repo))
    assert changed != before
    (repo / "components" / "__init__.py").write_text("x = 1\n")
    assert stack_digest(repo, "dev", program_digests(repo)) not in {before, changed}
