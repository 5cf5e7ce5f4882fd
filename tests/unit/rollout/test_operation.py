import io
from pathlib import Path

import pytest
from rich.console import Console

from rollout.choosing.inventory import Member
from rollout.choosing.shard import WHOLE
from rollout.execution.control import Control
from rollout.execution.journal import Journal
from rollout.execution.operation import Operation
from rollout.execution.pool import Pool
from rollout.execution.task import Cli, Command
from rollout.reporting.view import PlainView
from rollout.result import Result, Status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in which workers die as soon as they start."""
    package = tmp_path / "rollout" / "execution"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "worker.py").write_text("import sys; sys.exit(3)")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}")
    return tmp_path


def run(root: Path, journal: Journal) -> Result:
    with Pool(root) as pool:
        operation = Operation(
            command=Command.UP,
            root=root,
            members={"dev": Member("dev", None)},
            pool=pool,
            cli=lambda: Cli("pulumi", "3.200.0"),
            control=Control(patient=True),
            watcher=PlainView(Console(file=io.StringIO()), 1),
            journal=journal,
        )
        return operation.run("dev")


def test_a_stack_whose_worker_died_counts_as_cut_short(root: Path) -> None:
    """Its engine may have left a lock, and `--resume` removes only those of such stacks."""
    with Journal(root, WHOLE) as journal:
        journal.begin(["dev"])
        result = run(root, journal)
    assert result.status is Status.FAILED
    assert "the worker process ended with code 3" in str(result.error)
    with Journal(root, WHOLE) as journal:
        assert journal.past is not None
        assert list(journal.past.cut_short) == ["dev"]


def test_a_stack_whose_file_is_gone_by_now_fails_alone(root: Path) -> None:
    (root / "Pulumi.dev.yaml").unlink()
    with Journal(root, WHOLE) as journal:
        journal.begin(["dev"])
        result = run(root, journal)
    assert result.status is Status.FAILED
    assert "Pulumi.dev.yaml" in str(result.error)
