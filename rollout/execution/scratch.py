"""What the engine would write while it only reads, put where it is thrown away.

A preview needs a stack in a backend and a secrets manager. Where the backend has no such stack the
engine is given a backend of its own; where the stack's file names no secrets manager, the engine
makes one and writes it into the file (`GetSecretsManager` and `getAndSaveSecretsManager` in its
cmd/pulumi/stack/secrets.go and cmd/pulumi/config/io.go), so it is given a copy of that.
"""

import os
import re
import secrets
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

QUIET: Final[Mapping[str, str]] = {
    # An empty backend is not given its metadata (`ensurePulumiMeta` in pkg/backend/diy/meta.go).
    "PULUMI_DIY_BACKEND_LEGACY_LAYOUT": "true",
    # Newer engines refuse that layout; nothing is written in it here.
    "PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR": "true",
}
"""For operations on the real backend that only read."""

_MANAGER: Final = re.compile(r"^(encryptionsalt|encryptedkey|secretsprovider):.*\n?", re.MULTILINE)
_ENCRYPTED: Final = re.compile(r"""^[^#\n]*?(?<![\w-])["']?secure["']?:\s""", re.MULTILINE)
_PASSPHRASES: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


class Scratch:
    """A folder for one operation on one stack; whoever made it removes it."""

    def __init__(self, folder: Path, root: Path, stack: str) -> None:
        """Use an empty folder for a stack of the project in `root`."""
        self.folder = folder
        self._root = root
        self._original = root / f"Pulumi.{stack}.yaml"

    @cached_property
    def _text(self) -> str:
        return self._original.read_text(encoding="utf-8")

    @property
    def is_encrypted(self) -> bool:
        """Whether the stack's file holds values that only its own backend can read."""
        return _ENCRYPTED.search(self._text) is not None

    def config_file(self) -> str | None:
        """Return the copy that the engine may write to, if it would write to the stack's file."""
        return None if _MANAGER.search(self._text) else self._copy()

    def project(self) -> tuple[str, Mapping[str, str]]:
        """Make a project with the stack's file, and return that file and a backend's environment.

        No secret is in it, so any passphrase will do.
        """
        shutil.copyfile(self._root / "Pulumi.yaml", self.folder / "Pulumi.yaml")
        backend = self.folder / "backend"
        backend.mkdir()
        environment = {"PULUMI_BACKEND_URL": backend.as_uri()}
        if not any(name in os.environ for name in _PASSPHRASES):
            environment[_PASSPHRASES[0]] = secrets.token_hex()
        return self._copy(), environment

    def _copy(self) -> str:
        copy = self.folder / self._original.name
        copy.write_text(_MANAGER.sub("", self._text), encoding="utf-8")
        return str(copy)
