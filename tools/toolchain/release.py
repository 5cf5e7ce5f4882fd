"""The official Pulumi release, pinned by the SHA-256 of its archive."""

import http.client
import platform
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from tools.toolchain.pulumi_cli import NAMES, RELEASES, ToolchainError, sha256

_SITE: Final = "https://get.pulumi.com/releases/sdk"
_CONNECT_SECONDS: Final = 10
"""Also the longest wait for more bytes. A machine without that network loses only seconds."""
_DOWNLOAD_SECONDS: Final = 600
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}


def download(folder: Path, site: str = _SITE, seconds: float = _DOWNLOAD_SECONDS) -> None:
    """Download the release for this machine, verify it, and unpack it into the folder's `bin`.

    Raises:
        ToolchainError: none is pinned, it can't be had, or it is not the pinned one.
    """
    name, pinned = _pinned_archive()
    archive = folder / name
    try:
        _fetch(f"{site}/{name}", archive, time.monotonic() + seconds)
    except (OSError, http.client.HTTPException) as error:
        raise ToolchainError(f"{site}: {getattr(error, 'reason', error)}") from error
    # The whole archive, before any of it is read.
    if (digest := sha256(archive)) != pinned:
        raise ToolchainError(f"{name} is refused: its SHA-256 is {digest}, the pinned is {pinned}")
    try:
        missing = set(NAMES) - set(_unpack(archive, folder / "bin"))
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ToolchainError(f"{name} can't be unpacked: {error}") from error
    if missing:
        raise ToolchainError(f"{name} has no regular file pulumi/{min(missing)}")


def _pinned_archive() -> tuple[str, str]:
    """Return the name and the SHA-256 of the archive for this machine."""
    machine = platform.machine().lower()
    wanted = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
    for line in RELEASES.read_text().splitlines():
        digest, name = line.split()
        if name.endswith(f"-{wanted}.tar.gz"):
            return name, digest
    raise ToolchainError(f"no release is pinned for {wanted}")


def _fetch(url: str, archive: Path, deadline: float) -> None:
    with urlopen(url, timeout=_CONNECT_SECONDS) as answer, archive.open("wb") as file:  # noqa: S310 -- our own URL
        while chunk := answer.read1():
            file.write(chunk)
            if time.monotonic() > deadline:
                raise TimeoutError("the download takes too long")


def _unpack(archive: Path, to: Path) -> Iterator[str]:
    """Write the executables and yield their names.

    Only regular files of these names are taken, and their content only: no path, link or mode of
    the archive is used.
    """
    with tarfile.open(archive, "r:gz") as members:
        for member in members:
            name = next((n for n in NAMES if member.name == f"pulumi/{n}"), None)
            content = members.extractfile(member) if member.isreg() else None
            if name and content:
                with (to / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
                (to / name).chmod(0o755)
                yield name
