"""Gets a Pulumi CLI where none can be used: the official release, else a build with Go."""

import fcntl
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tools.toolchain import pulumi_cli
from tools.toolchain.build import build
from tools.toolchain.pulumi_cli import HOME, PULUMI, Cli, ToolchainError
from tools.toolchain.release import download

Fill = Callable[[Path], None]
"""Puts the executables into a folder's `bin`, which is there."""

SOURCES: Final[Mapping[str, Fill]] = MappingProxyType(
    {
        "downloading the official release": download,
        "building it with Go, which takes minutes the first time": build,
    }
)


def ensure(
    path: str | None = None, home: Path = HOME, sources: Mapping[str, Fill] = SOURCES
) -> Cli:
    """Return the first usable CLI on PATH, else the one in `home`, which is made if need be.

    Raises:
        ToolchainError: no source worked; the message says what to install.
    """
    found, unusable = pulumi_cli.search(path)
    if found is not None:
        return found
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home):
        found = pulumi_cli.kept(home)
        if found is not None:
            return found
        if (home / "bin").exists():
            _say(f"{home / 'bin'} is not what is pinned, or was changed. It is made again.")
        return _make(home, sources, unusable)


def _make(home: Path, sources: Mapping[str, Fill], unusable: list[str]) -> Cli:
    reasons = unusable.copy()
    for name, fill in sources.items():
        _say(f"Pulumi: {reasons[-1]}; {name} …")
        # Of a run that was killed.
        for leftover in home.glob("new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="new-", dir=home) as folder:
            pulumi = Path(folder, "bin", PULUMI)
            pulumi.parent.mkdir()
            try:
                fill(Path(folder))
                pulumi_cli.keep(pulumi_cli.examine(pulumi), home)
            except ToolchainError as error:
                reasons.append(str(error))
                continue
        return pulumi_cli.locate("", home)
    install = [f"Go {pulumi_cli.needed_go()} or newer (https://go.dev/doc/install)"]
    if not pulumi_cli.only_pinned():
        oldest = pulumi_cli.pinned_version()
        install.insert(0, f"Pulumi {oldest} or newer (https://www.pulumi.com/docs/install/)")
    raise ToolchainError(
        "\n  - ".join(["No Pulumi CLI could be had:", *reasons])
        + f"\nInstall {', or '.join(install)}, and run this again."
    )


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let a second run wait for the first, not make the same; a killed run's lock is gone."""
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another run is getting the Pulumi CLI. Waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
