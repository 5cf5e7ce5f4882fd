from pathlib import Path

import pytest

from rollout.execution.pool import Pool, WorkerError
from rollout.execution.task import Cli, Command, Task


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(Command.UP, "dev", str(tmp_path), Cli("no-such-cli", "3.200.0"))


def test_a_worker_finds_the_rollouts_code_from_any_project(tmp_path: Path, task: Task) -> None:
    with Pool(tmp_path) as pool, pool.worker() as worker:
        assert "no-such-cli" in worker.run(task, lambda _: None)["error"]


def test_a_worker_that_ends_while_it_answers_is_an_error(tmp_path: Path, task: Task) -> None:
    (tmp_path / "rollout" / "execution").mkdir(parents=True)
    (tmp_path / "rollout" / "__init__.py").touch()
    (tmp_path / "rollout" / "execution" / "__init__.py").touch()
    torn = "import sys; sys.stdout.write('{\"err'); sys.exit(3)"
    (tmp_path / "rollout" / "execution" / "worker.py").write_text(torn)
    with (
        Pool(tmp_path) as pool,
        pytest.raises(WorkerError, match="ended with code 3"),
        pool.worker() as worker,
    ):
        worker.run(task, lambda _: None)


def test_what_begins_after_an_interrupt_is_interrupted_too(tmp_path: Path, task: Task) -> None:
    with Pool(tmp_path) as pool:
        pool.interrupt()
        with pytest.raises(WorkerError), pool.worker() as worker:
            worker.run(task, lambda _: None)
