import io
from pathlib import Path

import pytest

from toolchain.steps import Console


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where an engine is kept; not there yet."""
    return tmp_path / "home"


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(printed: io.StringIO) -> Console:
    return Console(printed)
