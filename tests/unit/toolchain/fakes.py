"""A made-up engine: shell scripts in place of `pulumi` and its language host."""

from pathlib import Path

from toolchain import pins

PINNED = pins.pinned_version()
NEWER = f"v{PINNED.major}.{PINNED.minor + 7}.0"
OLDER = f"v{PINNED.major}.{PINNED.minor - 1}.9"


def script(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


def language_host(folder: Path) -> None:
    script(folder / "pulumi-language-python", "exit 0")
    script(folder / "pulumi-language-python-exec", "exit 0")


def engine(folder: Path, version: str = NEWER) -> Path:
    language_host(folder)
    return script(folder / "pulumi", f"echo {version}")


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """All files below a folder, with what is in them and when they were last written."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}
