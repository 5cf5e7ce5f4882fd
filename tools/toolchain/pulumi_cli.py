"""Finds a Pulumi CLI that can be used here, and keeps one that was made."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semver import Version

MODULES: Final = Path(__file__).resolve().parent
ROOT: Final = MODULES.parents[1]
HOME: Final = ROOT / ".toolchain"
RELEASES: Final = MODULES / "releases.sha256"
CLI_MODULE: Final = MODULES / "cli"

PULUMI: Final = "pulumi"
HOST: Final = "pulumi-language-python"
EXEC: Final = "pulumi-language-python-exec"
"""The script that the language host runs the program with; it has to be next to it."""
NAMES: Final = (PULUMI, HOST, EXEC)
STAMP: Final = "made.json"
SWITCH: Final = "PULUMI_CLI"
"""An environment variable; where it is `pinned`, a CLI that the machine has is left out."""


class ToolchainError(Exception):
    """Says why a Pulumi CLI can't be used, or can't be had."""


@dataclass(frozen=True)
class Cli:
    """A Pulumi CLI that can be used here."""

    pulumi: Path
    version: Version


def locate(path: str | None = None, home: Path = HOME, *, sandbox: bool = False) -> Cli:
    """Return the first usable CLI on PATH, else the one that was downloaded or built.

    Args:
        path: the PATH to search, by default this process's.
        home: the folder of what was downloaded or built.
        sandbox: whether the sandbox's `pulumi`, which `sandbox env` puts on PATH, counts.

    Raises:
        ToolchainError: there is none.
    """
    found, unusable = search(path, sandbox=sandbox)
    found = found or kept(home)
    if found is None:
        raise ToolchainError(f"No Pulumi CLI: {'; '.join(unusable)}. `make toolchain` gets one.")
    return found


def search(path: str | None = None, *, sandbox: bool = False) -> tuple[Cli | None, list[str]]:
    """Return the first usable CLI on PATH, and why those before it can't be used.

    With PULUMI_CLI=pinned only the sandbox's is one: whoever loaded it chose its CLI then.

    Raises:
        ToolchainError: the sandbox's counts, and can't be used; or PULUMI_CLI is another word.
    """
    path = os.environ.get("PATH", "") if path is None else path
    pinned = only_pinned()
    unusable = [f"{SWITCH}=pinned leaves out what is on PATH"] if pinned else []
    for folder in dict.fromkeys(filter(None, path.split(os.pathsep))):
        pulumi = Path(shutil.which(PULUMI, path=folder) or "")
        ours = pulumi.resolve().is_relative_to(ROOT)
        if not pulumi.name or (ours and not sandbox):
            continue
        if ours:
            # It hands over to a CLI that was examined, and no other one may go around it.
            return Cli(pulumi, _version(pulumi)), unusable
        if pinned:
            continue
        try:
            cli = examine(pulumi, path)
        except ToolchainError as error:
            unusable.append(str(error))
        else:
            return cli, unusable
    return None, unusable or ["there is no pulumi on PATH"]


def only_pinned() -> bool:
    """Return whether a CLI has to be the pinned one, also where the machine has a newer one.

    Raises:
        ToolchainError: PULUMI_CLI is another word.
    """
    value = os.environ.get(SWITCH, "")
    if value not in {"", "pinned"}:
        raise ToolchainError(f"{SWITCH} is '{value}'; it is 'pinned' or not set.")
    return value == "pinned"


def examine(pulumi: Path, path: str = "") -> Cli:
    """Check a CLI's version and that its language host is next to it or on `path`.

    Raises:
        ToolchainError: it can't be used.
    """
    version = _version(pulumi)
    folders = [
        str(pulumi.parent),
        *filter(None, path.split(os.pathsep)),
        str(pulumi.resolve().parent),
    ]
    host = shutil.which(HOST, path=os.pathsep.join(folders))
    if host is None:
        raise ToolchainError(f"{pulumi} has no {HOST} next to it or on PATH")
    beside = [str(Path(host).parent), str(Path(host).resolve().parent)]
    if shutil.which(EXEC, path=os.pathsep.join(beside)) is None:
        raise ToolchainError(f"{host} has no {EXEC} next to it")
    return Cli(pulumi, version)


def _version(pulumi: Path) -> Version:
    """Return the version of a CLI, if it is one that is accepted."""
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [pulumi, "version"], env=env, capture_output=True, text=True, timeout=30, check=True
        )
        version = Version.parse(done.stdout.strip().removeprefix("v"))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ToolchainError(f"{pulumi} does not tell its version") from error
    oldest = pinned_version()
    if version < oldest or version.major != oldest.major:
        wanted = f"{oldest} or a newer {oldest.major}.x is needed"
        raise ToolchainError(f"{pulumi} is {version}, {wanted}")
    return version


def kept(home: Path) -> Cli | None:
    """Return the CLI that was downloaded or built, if it is what is pinned and was not changed.

    Its files are compared byte by byte with those that were made. That is against accidents:
    whoever can write to the folder can write this record too. So a CI job that assumes a role
    restores the folder from no cache.
    """
    folder = home / "bin"
    try:
        made = json.loads((folder / STAMP).read_text())
        right = made == _record(folder, made["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = all(os.access(folder / name, os.X_OK) for name in NAMES)
    return Cli(folder / PULUMI, Version.parse(made["version"])) if right and whole else None


def keep(made: Cli, home: Path) -> None:
    """Put a CLI into the place where `kept` finds it: whole or not at all."""
    folder = made.pulumi.parent
    (folder / STAMP).write_text(json.dumps(_record(folder, str(made.version)), indent=2))
    shutil.rmtree(home / "bin", ignore_errors=True)
    folder.rename(home / "bin")


def _record(folder: Path, version: str) -> dict[str, object]:
    digests = {name: sha256(folder / name) for name in NAMES}
    return {"pins": pins(), "version": version, "sha256": digests}


def pinned_version(module: Path = CLI_MODULE) -> Version:
    """Return the version that a Go module builds; the CLI's is also the oldest that is accepted."""
    return Version.parse(_pinned(r"github\.com/pulumi/pulumi/sdk/v3 v(\S+)", module))


def needed_go() -> str:
    return _pinned(r"^go (\S+)", CLI_MODULE)


def _pinned(pattern: str, module: Path) -> str:
    match = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ValueError(f"{module / 'go.mod'} holds no {pattern}")
    return match[1]


def pins() -> str:
    """Return a digest of all that is pinned, and of the machine: containers share checkouts."""
    machine = os.uname()
    files = (RELEASES, *sorted(MODULES.glob("*/go.*")))
    parts = [machine.sysname, machine.machine, *map(sha256, files)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
