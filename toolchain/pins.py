"""What is pinned, read from the go.mod and go.sum files beside this module."""

import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple

MODULES = Path(__file__).resolve().parent
CLI_MODULE = MODULES / "cli"
HOST_MODULE = MODULES / "language-python"
ROOT = MODULES.parent
HOME = ROOT / ".toolchain"

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(?:\+\S*)?")
# The CLI's pkg/v3 goes with the sdk/v3 of the same version; the language host is in sdk/v3.
_PIN = re.compile(r"github\.com/pulumi/pulumi/sdk/v3 (v\S+)")
_GO = re.compile(r"^go (\S+)", re.MULTILINE)


class Version(NamedTuple):
    """A Pulumi version that orders as semantic versions do, pre-releases before the release."""

    major: int
    minor: int
    patch: int
    released: bool = True

    def __str__(self) -> str:
        """The version as Pulumi writes it, without the leading `v`."""
        return f"{self.major}.{self.minor}.{self.patch}{'' if self.released else '-pre'}"


def parse_version(text: str) -> Version | None:
    """The version in what `pulumi version` prints; None if it is none."""
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        return None
    major, minor, patch, pre = match.groups()
    return Version(int(major), int(minor), int(patch), pre is None)


def pinned_version(module: Path = CLI_MODULE) -> Version:
    """What a module builds; the CLI's is also the oldest version that is accepted."""
    match = _PIN.search((module / "go.mod").read_text())
    version = parse_version(match.group(1)) if match else None
    if version is None:
        raise ValueError(f"{module / 'go.mod'} pins no github.com/pulumi/pulumi/sdk/v3")
    return version


def needed_go(module: Path = CLI_MODULE) -> str:
    """The oldest Go that can build the pinned modules, such as `1.24`."""
    match = _GO.search((module / "go.mod").read_text())
    if match is None:
        raise ValueError(f"{module / 'go.mod'} has no go line")
    return match.group(1)


def key(modules: tuple[Path, ...] = (CLI_MODULE, HOST_MODULE)) -> str:
    """Names what is pinned for this kind of machine: another key, another build.

    The machine is part of it, since a checkout can be shared with a container.
    """
    machine = os.uname()
    digest = hashlib.sha256(f"{machine.sysname} {machine.machine}".encode())
    for module in modules:
        for name in ("go.mod", "go.sum"):
            digest.update(hashlib.sha256((module / name).read_bytes()).digest())
    return digest.hexdigest()
