from dataclasses import replace
from pathlib import Path

import pytest
from semver import Version

from rollout.execution.pool import Pool, WorkerError
from rollout.execution.task import Operation, Task
from tests.unit.rollout.command_line import scripted_cli
from tools.toolchain import Cli


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(Operation.UP, "dev", str(tmp_path), Cli(Path("no-such-cli"), Version(3, 200)))


def test_a_worker_finds_the_rollouts_code_from_any_project(tmp_path: Path, task: Task) -> None:
    with Pool(tmp_path) as pool, pool.worker() as worker:
        assert "no-such-cli" in str(worker.run(task, lambda _: None).result.error)


def test_the_last_words_of_a_worker_that_dies_are_told(tmp_path: Path, task: Task) -> None:
    killer = replace(task, cli=scripted_cli(tmp_path, "kill -9 $PPID"))
    with Pool(tmp_path) as pool, pytest.raises(WorkerError) as caught, pool.worker() as worker:
        worker.run(killer, lambda _: None)
    assert str(caught.value) == "the worker process ended by signal 9"


def test_a_worker_that_ends_while_it_answers_is_an_error(tmp_path: Path, task: Task) -> None:
    package = tmp_path / "rollout" / "execution"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    torn = "import os, sys; os.write(int(sys.argv[1]), b'\\0\\0\\0\\x09torn'); sys.exit('oh')"
    (package / "worker.py").write_text(torn)
    with (
        Pool(tmp_path) as pool,
        pytest.raises(WorkerError, match="ended with code 1\noh"),
        pool.worker() as worker,
    ):
        worker.run(task, lambda _: None)


def test_what_is_printed_in_a_worker_is_no_reply(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('printed', flush=True)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Pool(tmp_path) as pool, pool.worker() as worker:
        assert "no-such-cli" in str(worker.run(task, lambda _: None).result.error)


def test_what_begins_after_an_interrupt_is_interrupted_too(tmp_path: Path, task: Task) -> None:
    with Pool(tmp_path) as pool:
        pool.interrupt()
        with pytest.raises(WorkerError, match=r"^cancelled: interrupted$"), pool.worker() as worker:
            worker.run(task, lambda _: None)


def test_an_interrupt_while_a_worker_is_loading_is_told_without_a_traceback(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / "sitecustomize.py").write_text(interrupt)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Pool(tmp_path) as pool:
        pool.interrupt()
        with pytest.raises(WorkerError, match=r"^cancelled: interrupted$"), pool.worker() as worker:
            worker.run(task, lambda _: None)
