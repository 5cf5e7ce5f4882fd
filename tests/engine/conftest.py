"""Fixtures of the engine tests; `tests.engine.harness` tells how to write with them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import lifecycle
from sandbox.folder import Folder
from tests.engine.harness import Project, Sandbox

_BUCKETS = itertools.count(1)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of this worker's own, stopped at the end."""
    folder = Folder(tmp_path_factory.mktemp("sandbox"))
    _, running = lifecycle.start(folder)
    yield Sandbox(folder, running)
    lifecycle.stop(folder)


@pytest.fixture
def checkout(tmp_path: Path, sandbox: Sandbox) -> Project:
    """The product's own program as a project, with stack files of the test's own."""
    return Project.of_checkout(tmp_path / "project", sandbox)


@pytest.fixture
def tiny(tmp_path: Path, sandbox: Sandbox) -> Callable[[str], Project]:
    """Makes a project of a program's text."""
    return lambda program: Project.tiny(tmp_path / "project", sandbox, program)


@pytest.fixture
def bucket() -> str:
    """The name of a bucket that no other test uses: names are unique over all accounts."""
    return f"acme-{next(_BUCKETS)}"
