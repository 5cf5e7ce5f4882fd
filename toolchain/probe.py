"""Looks at Pulumi CLIs without changing them: which are there, which can be used."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain.pins import Version, parse_version

PULUMI = "pulumi"
HOST = "pulumi-language-python"
# The host starts the program through this script and looks for it only next to itself.
SHIM = "pulumi-language-python-exec"

_SECONDS = 30
_FLAG_HELP_EXITS = (0, 2)  # Go's flag package: 0 today, 2 before Go 1.15


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI, and what keeps it from being used here; an empty problem means nothing."""

    pulumi: Path
    version: Version | None
    problem: str = ""


def on_path(path: str, ours: Sequence[Path]) -> Iterator[Path]:
    """Every `pulumi` that a PATH finds, in its order, leaving out those in our own folders."""
    folders = [folder.resolve() for folder in ours]
    seen: set[Path] = set()
    for entry in path.split(os.pathsep):
        pulumi = Path(entry) / PULUMI
        if not entry or not _executable(pulumi):
            continue
        real = pulumi.resolve()
        if real not in seen and not any(map(real.is_relative_to, folders)):
            seen.add(real)
            yield pulumi


def examine(pulumi: Path, minimum: Version, path: str = "") -> Engine:
    """Runs `pulumi version` and looks for a language host the way that Pulumi does.

    Args:
        pulumi: the CLI.
        minimum: the oldest version that will do; another major version will not.
        path: the PATH on which the language host may be, beside next to the CLI.
    """
    version = _version(pulumi)
    if version is None:
        return Engine(pulumi, None, "does not tell its version")
    if version < minimum:
        return Engine(pulumi, version, f"{version} is older than {minimum}")
    if version.major > minimum.major:
        return Engine(pulumi, version, f"{version} is not known to work, {minimum.major}.x is")
    return Engine(pulumi, version, _host_problem(pulumi, path))


def _version(pulumi: Path) -> Version | None:
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [pulumi, "version"],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(done.stdout)


def _host_problem(pulumi: Path, path: str) -> str:
    # PATH goes before the CLI's own folder, and symlinks are followed: sdk/v3, plugins.go.
    found = shutil.which(HOST, path=os.pathsep.join([str(pulumi.parent), path]))
    host = Path(found) if found else pulumi.resolve().parent / HOST
    if not _executable(host):
        return f"has no {HOST} next to it or on PATH"
    if not any(_executable(folder / SHIM) for folder in (host.parent, host.resolve().parent)):
        return f"has a {HOST} without {SHIM} next to it"
    try:
        done = subprocess.run(
            [host, "-help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return f"has a {HOST} that does not start"
    return "" if done.returncode in _FLAG_HELP_EXITS else f"has a {HOST} that does not start"


def _executable(file: Path) -> bool:
    return file.is_file() and os.access(file, os.X_OK)
