import io
import json
import signal
from pathlib import Path

import pytest
from rich.console import Console

from rollout.choosing.inventory import Member
from rollout.execution.control import Control
from rollout.execution.engine_words import UNSAID
from rollout.execution.operation import Operation
from rollout.execution.pool import Pool
from rollout.execution.task import Cli, Command
from rollout.reporting.view import PlainView


@pytest.mark.parametrize(
    ("came", "said", "told"),
    [
        (signal.SIGTERM, UNSAID, "cancelled: interrupted"),
        (signal.SIGTERM, "update canceled", "update canceled"),
        (None, UNSAID, UNSAID),
    ],
)
def test_an_engine_that_was_cancelled_before_it_spoke_is_told_to_be_that(
    tmp_path: Path, came: int | None, said: str, told: str
) -> None:
    package = tmp_path / "rollout" / "execution"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    reply = {"changes": {}, "steps": [], "seconds": 0.1, "error": said, "stderr": ""}
    (package / "worker.py").write_text(f"input(); print({json.dumps(reply)!r})")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}")
    control = Control(patient=False)
    control.signal = came
    with Pool(tmp_path) as pool:
        operation = Operation(
            command=Command.PREVIEW,
            root=tmp_path,
            members={"dev": Member("dev", None)},
            pool=pool,
            cli=lambda: Cli("pulumi", "3.200.0"),
            control=control,
            watcher=PlainView(Console(file=io.StringIO()), 1),
        )
        assert operation.run("dev").error == told
