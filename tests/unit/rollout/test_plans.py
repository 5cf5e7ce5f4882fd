import shutil
import subprocess
from pathlib import Path

import pytest

from rollout.errors import RolloutError
from rollout.execution.plans import Plans

FILES = {
    "Pulumi.yaml": "name: acme\n",
    "Pulumi.prod.yaml": "config:\n  a: 1\n  b: [x, y]\n",
    "__main__.py": "import components\n",
    "components/__init__.py": "",
    "components/policy/trust.py": "x = 1\n",
    "requirements.lock": "pulumi==3.0.0\n",
    "rollout/cli.py": "y = 1\n",
    "tools/toolchain/releases.sha256": "00\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a saved plan of `prod`."""
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    save(root)
    return root


def plans_of(root: Path) -> Plans:
    return Plans(root / "plans", root)


def save(root: Path) -> None:
    plans = plans_of(root)
    plans.prepare()
    digests = plans.drop("prod")
    plans.file("prod").write_text("{}")
    plans.keep("prod", digests)


def fault(root: Path) -> str | None:
    found = plans_of(root).error("prod")
    return None if found is None else found.replace(str(root), "")


AGAIN = "`rollout preview --save /plans` makes one"


def test_a_plan_is_good_for_what_it_was_made_from(root: Path) -> None:
    assert fault(root) is None


def test_it_is_good_in_another_checkout_with_other_line_ends_and_times(
    root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "again"
    for name, text in FILES.items():
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes(text.replace("\n", "\r\n").encode())
    (other / "components" / "__pycache__").mkdir()
    (other / "components" / "__pycache__" / "trust.cpython-311.pyc").write_bytes(b"\0")
    (other / "rollout" / "__pycache__").mkdir()
    (other / "rollout" / "__pycache__" / "cli.cpython-311.pyc").write_bytes(b"\0")
    (other / "venv" / "lib").mkdir(parents=True)
    (other / "venv" / "lib" / "yaml.so").write_bytes(b"\0")
    (other / "tests").mkdir()
    (other / "tests" / "__init__.py").write_text("")
    shutil.copytree(root / "plans", other / "plans")
    assert fault(other) is None


@pytest.mark.parametrize(
    "text",
    [
        "# why\nconfig: {b: [x, y], a: 1}\n",
        f"{FILES['Pulumi.prod.yaml']}encryptionsalt: v1:abc\n",
        f"secretsprovider: awskms://alias/x\nencryptedkey: abc\n{FILES['Pulumi.prod.yaml']}",
    ],
)
def test_it_is_good_where_the_stack_file_says_the_same_in_other_words(
    root: Path, text: str
) -> None:
    """The engine adds its salt on the first `up`, and writes the whole file anew."""
    (root / "Pulumi.prod.yaml").write_text(text)
    assert fault(root) is None


@pytest.mark.parametrize("text", ["config: {a: 1, b: [y, x]}", "config: {a: '1', b: [x, y]}", "!"])
def test_another_stack_file_is_named(root: Path, text: str) -> None:
    (root / "Pulumi.prod.yaml").write_text(text)
    assert fault(root) == (
        "Pulumi.prod.yaml changed since the plan was made\n"
        f"nothing was done; {AGAIN} from the current files"
    )


def test_files_of_the_program_that_changed_came_or_went_are_named(root: Path) -> None:
    (root / "components" / "policy" / "trust.py").write_text("x = 2\n")
    (root / "components" / "more.py").write_text("")
    (root / "requirements.lock").unlink()
    (root / "README.md").write_text("words")
    assert (fault(root) or "").splitlines()[0] == (
        "the program or the rollout changed since the plan was made: "
        "components/more.py, components/policy/trust.py, requirements.lock"
    )


@pytest.mark.parametrize(
    "name",
    [
        "pulumi_aws.pyc",
        "pulumi_aws.cpython-311-x86_64-linux-gnu.so",
        "components/policy/trust.so",
        "pulumi_aws/__init__.pyc",
        "rollout/cli.py",
        "rollout/more/cli.pyc",
        "tools/toolchain/releases.sha256",
    ],
)
def test_what_python_would_import_and_what_runs_the_program_count(root: Path, name: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"\0")
    assert f"changed since the plan was made: {name}\n" in (fault(root) or "")


def test_what_changes_while_a_run_waits_is_seen(root: Path) -> None:
    """For an answer, or for a wave before."""
    plans = plans_of(root)
    assert plans.error("prod") is None
    (root / "components" / "policy" / "trust.py").write_text("x = 2\n")
    assert "components/policy/trust.py" in (plans.error("prod") or "")


def test_what_changes_while_the_previews_run_makes_their_plans_void(root: Path) -> None:
    """A worker that imported it before, and one that did so after: nobody knows which."""
    plans = plans_of(root)
    (root / "components" / "policy" / "trust.py").write_text("x = 2\n")
    digests = plans.drop("prod")
    plans.file("prod").write_text("{}")
    plans.keep("prod", digests)
    assert "components/policy/trust.py" in (fault(root) or "")


def test_many_files_are_counted(root: Path) -> None:
    for number in range(9):
        (root / "components" / f"m{number}.py").write_text("")
    assert "components/m4.py, and 4 more" in (fault(root) or "")


def test_a_plan_that_is_not_there_is_said(root: Path) -> None:
    assert plans_of(root).drop("prod").keys() == {"stackFile", "program"}
    assert fault(root) == f"/plans has no plan for it; {AGAIN}"


@pytest.mark.parametrize(
    "content", [None, "", "[]", "{}", '{"stackFile": 1}', '{"stackFile": "", "program": 7}']
)
def test_a_plan_without_its_digests_is_refused(root: Path, content: str | None) -> None:
    """As after a kill between the two, or by an older rollout."""
    digests = root / "plans" / "prod.digests"
    digests.unlink()
    if content is not None:
        digests.write_text(content)
    assert fault(root) == (
        f"/plans has no digests of what its plan was made from (prod.digests); {AGAIN}"
    )


def test_git_ignores_the_folder(root: Path) -> None:
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    status = [*git, "status", "--porcelain", "--untracked-files=all"]
    shown = subprocess.run(status, check=True, capture_output=True, text=True).stdout
    assert "Pulumi.yaml" in shown
    assert "plans" not in shown


def test_a_folder_that_is_there_is_left_to_git_as_it_is(root: Path) -> None:
    """CircleCI takes no workspace in which each of several machines has the same file."""
    (root / "shared").mkdir()
    Plans(root / "shared", root).prepare()
    assert not list((root / "shared").iterdir())


def test_a_folder_that_cannot_be_made_is_told(root: Path) -> None:
    with pytest.raises(RolloutError, match=r"Pulumi.yaml/x can't be made: Not a directory"):
        Plans(root / "Pulumi.yaml" / "x", root).prepare()
