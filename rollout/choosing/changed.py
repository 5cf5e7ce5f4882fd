"""Which files belong to a stack or to the program, and which stacks a change affects."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from components.settings.pulumi_yaml import UnreadableError, parse
from rollout.choosing.git import base_of, git

_TOOLS: Final = frozenset({"rollout", "sandbox", "tests", "tools"})
"""Folders with Python code that the program does not run."""
_PROGRAM: Final = frozenset({"Pulumi.yaml", "requirements.lock", "requirements.txt"})
"""Files that are part of the program, in addition to its Python code."""
_CODE: Final = frozenset({".py", ".pyc", ".pyd", ".so"})
"""Suffixes of what Python imports; a compiled file in the root comes before a package installed."""
_RUNNERS: Final = ("rollout", "tools/toolchain")
"""Folders with what runs the program."""
_PINS: Final = frozenset({".mod", ".sha256", ".sum"})
"""Suffixes of what pins the Pulumi CLI there."""
_ENGINES: Final = frozenset({"encryptedkey", "encryptionsalt", "secretsprovider"})
"""Keys of a stack's file that set the engine's encryption, not what is created."""


@dataclass(frozen=True)
class Change:
    """The changes in a project since a commit, as paths relative to its root."""

    paths: frozenset[str]

    @property
    def program(self) -> tuple[str, ...]:
        """The changed files of the program; they affect every stack."""
        return tuple(sorted(path for path in self.paths if is_program(path)))

    def of(self, stacks: Iterable[str]) -> tuple[str, ...]:
        """Return the stacks that are affected: all if the program changed."""
        return tuple(
            stack for stack in stacks if self.program or f"Pulumi.{stack}.yaml" in self.paths
        )

    def deleted_stacks(self, root: Path) -> tuple[str, ...]:
        names = [path for path in self.paths if fnmatchcase(path, "Pulumi.?*.yaml")]
        return tuple(sorted(name for name in names if not (root / name).exists()))


def is_program(path: str) -> bool:
    """Say whether a file, by its path in the project, is part of the program."""
    pure = PurePosixPath(path)
    return path in _PROGRAM or (_is_kept(pure, _CODE) and pure.parts[0] not in _TOOLS)


def program_digests(root: Path) -> dict[str, str]:
    """Return the digests of the program's files, which are the same in every checkout."""
    packages = {path.parent for path in root.glob("*/__init__.*") if path.suffix in _CODE}
    files = [*root.glob("*.*"), *(file for package in packages for file in package.rglob("*.*"))]
    return _digests(root, [file for file in files if is_program(_name(root, file))])


def plan_digests(root: Path) -> dict[str, str]:
    """Return the digests of what plans are made with: the program, and what runs it."""
    files = [file for folder in _RUNNERS for file in (root / folder).rglob("*.*")]
    kept = [file for file in files if _is_kept(file.relative_to(root), _CODE | _PINS)]
    return program_digests(root) | _digests(root, kept)


def _is_kept(path: PurePath, suffixes: Collection[str]) -> bool:
    """Say whether it is such a file, and not one that Python makes itself."""
    return path.suffix in suffixes and "__pycache__" not in path.parts


def _digests(root: Path, files: Iterable[Path]) -> dict[str, str]:
    return {
        _name(root, file): _digest(_as_committed(file.read_bytes()))
        for file in sorted(files)
        if file.is_file()
    }


def _name(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix()


def stack_file_digest(root: Path, stack: str) -> str:
    """Return a digest of the content of a stack's file.

    It leaves out the keys that the engine adds on the first `up`, and the file's layout.
    """
    raw = _as_committed((root / f"Pulumi.{stack}.yaml").read_bytes())
    try:
        content = parse(raw)
    except UnreadableError:
        return _digest(raw)  # other code refuses it
    if isinstance(content, dict):
        content = {key: value for key, value in content.items() if key not in _ENGINES}
    return _digest(json.dumps(content, sort_keys=True).encode())


def stack_digest(root: Path, stack: str, program: Mapping[str, str]) -> str:
    """Return a digest of a stack's file and of the program, given the digests of its files."""
    return _digest(json.dumps([stack_file_digest(root, stack), program], sort_keys=True).encode())


def _as_committed(content: bytes) -> bytes:
    """Return a text file's content with the line ends that git commits."""
    return content.replace(b"\r\n", b"\n")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def changed_since(root: Path, ref: str, option: str = "--changed-since") -> Change:
    """Ask git what changed since the merge base with `ref`, committed or not.

    Raises:
        RolloutError: git failed; its own message is included.
    """
    base, asked = base_of(root, option, ref), f"{option} {ref}"
    edited = git(root, asked, "diff", "--name-only", "--no-renames", "--relative", "-z", base, "--")
    fresh = git(root, asked, "ls-files", "--others", "--exclude-standard", "-z")
    return Change(frozenset(filter(None, [*edited, *fresh])))
