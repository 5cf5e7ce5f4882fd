"""A project's folder to write stack files into."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.unit.rollout.command_line import Ask, asking

GUARDED = {"aws:region": "eu-west-1", "aws:allowedAccountIds": ["111111111111"]}

EMPTY = {**GUARDED, "circleci-s3-access:identities": {}}

WriteStacks = Callable[..., Path]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs a command of the rollout in a folder."""
    return asking(monkeypatch, capsys)


@pytest.fixture
def project(tmp_path: Path) -> WriteStacks:
    """Writes stack files with a guarded config, or one of the test's own by keyword."""

    def write(*names: str, waves: str | None = None, **configs: object) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: circleci-s3-access\nruntime: python\n")
        for name, config in {**dict.fromkeys(names, EMPTY), **configs}.items():
            text = yaml.safe_dump({"config": config})
            (tmp_path / f"Pulumi.{name}.yaml").write_text(text)
        if waves is not None:
            (tmp_path / "rollout.yaml").write_text(waves)
        return tmp_path

    return write
