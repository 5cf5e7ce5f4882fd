"""A made-up CLI: shell scripts in place of `pulumi` and its language host."""

from pathlib import Path
from typing import Final

from tools.toolchain.pulumi_cli import pinned_version

PINNED: Final = pinned_version()
NEWER: Final = f"v{PINNED.bump_minor()}"
OLDER: Final = f"v{PINNED.replace(minor=PINNED.minor - 1)}"


def script(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


def language_host(folder: Path) -> None:
    script(folder / "pulumi-language-python", "exit 0")
    script(folder / "pulumi-language-python-exec", "exit 0")


def pulumi(folder: Path, version: str = NEWER) -> Path:
    """A whole CLI that tells a version."""
    language_host(folder)
    return script(folder / "pulumi", f"echo {version}")
