"""The download, with the Automation API's installer replaced: no test goes to the network."""

import subprocess
from urllib.error import URLError

import pytest
from pulumi.automation import PulumiCommand
from semver import VersionInfo

from toolchain import release


def test_installer_gets_the_folder_and_the_pinned_version(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, VersionInfo]] = []

    def install(*, root: str, version: VersionInfo) -> None:
        asked.append((root, version))

    monkeypatch.setattr(PulumiCommand, "install", install)
    assert not release._install("/folder", "3.200.0")
    assert asked == [("/folder", VersionInfo(3, 200, 0))]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (URLError("Name or service not known"), "Name or service not known"),
        (TimeoutError("timed out"), "timed out"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("two\nlines"), "two lines"),
        (
            subprocess.CalledProcessError(1, "sh", output=b"noise\nerror: no such release\n"),
            "error: no such release",
        ),
    ],
)
def test_any_failure_becomes_one_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def install(**_: object) -> None:
        raise error

    monkeypatch.setattr(PulumiCommand, "install", install)
    assert release._install("/folder", "3.200.0") == reason
