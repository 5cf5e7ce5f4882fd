import signal
from pathlib import Path

import pytest

from rollout.choosing.inventory import Member
from rollout.choosing.selection import Selection
from rollout.choosing.shard import WHOLE
from rollout.execution.engine_words import UNSAID
from rollout.execution.journal import Journal
from rollout.execution.run import Run
from rollout.execution.task import Operation
from rollout.result import Result, Status
from tests.unit.rollout.command_line import scripted_cli


def run_of(root: Path, operation: Operation, script: str) -> Run:
    """A run of one stack with a script for a CLI."""
    (root / "Pulumi.dev.yaml").write_text("config: {}")
    run = Run(operation, root, selection=Selection({"dev": Member("dev", None)}))
    run.cli = scripted_cli(root, script)
    return run


def journaled(root: Path, run: Run) -> Result:
    with Journal(root, WHOLE) as run.journal, run.pool:
        run.journal.begin(["dev"])
        return run.stack("dev")


def test_a_stack_whose_worker_died_counts_as_cut_short(tmp_path: Path) -> None:
    """Its engine may have left a lock, and `--resume` removes only those of such stacks."""
    result = journaled(tmp_path, run_of(tmp_path, Operation.UP, "kill -9 $PPID"))
    assert result.status is Status.FAILED
    assert result.error == "the worker process ended by signal 9"
    with Journal(tmp_path, WHOLE) as journal:
        assert journal.past is not None
        assert list(journal.past.cut_short) == ["dev"]


def test_a_stack_whose_file_is_gone_by_now_fails_alone(tmp_path: Path) -> None:
    run = run_of(tmp_path, Operation.UP, "exit 1")
    (tmp_path / "Pulumi.dev.yaml").unlink()
    result = journaled(tmp_path, run)
    assert result.status is Status.FAILED
    assert "Pulumi.dev.yaml" in str(result.error)


@pytest.mark.parametrize(
    ("came", "said", "told"),
    [
        (signal.SIGTERM, "", "cancelled: interrupted"),
        (signal.SIGTERM, "update canceled", "update canceled"),
        (None, "", UNSAID),
    ],
)
def test_an_engine_that_was_cancelled_before_it_spoke_is_told_to_be_that(
    tmp_path: Path, came: int | None, said: str, told: str
) -> None:
    run = run_of(tmp_path, Operation.PREVIEW, f"echo '{said}' >&2; exit 1")
    run.control.signal = came
    with run.pool:
        assert run.stack("dev").error == told


def test_a_lock_that_another_machine_has_is_named_with_what_to_do(tmp_path: Path) -> None:
    lock = "created by ann@elsewhere (pid 7) at 2026-11-25T10:00:00Z"
    run = run_of(tmp_path, Operation.UP, f"echo '{lock}' >&2; exit 1")
    result = journaled(tmp_path, run)
    assert result.error == (
        "locked by ann@elsewhere (pid 7) since 2026-11-25 10:00:00 UTC; --wait waits for it; "
        "if that machine is gone, `pulumi cancel --stack dev` removes the lock"
    )
