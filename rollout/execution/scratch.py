"""Temporary copies of what the engine would write to while it only reads.

A preview needs a stack in a backend and a secrets manager. If the backend does not have the stack,
the engine is given a temporary backend; if the stack's file names no secrets manager, the engine
makes one and writes it to the file (`GetSecretsManager` and `getAndSaveSecretsManager` in its
cmd/pulumi/stack/secrets.go and cmd/pulumi/config/io.go), so it is given a copy.
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
    """The folder of one operation on one stack; the caller removes it."""

    def __init__(self, folder: Path, root: Path, stack: str) -> None:
        self.folder = folder
        self._root = root
        self._original = root / f"Pulumi.{stack}.yaml"

    @cached_property
    def _text(self) -> str:
        return self._original.read_text(encoding="utf-8")

    @property
    def is_encrypted(self) -> bool:
        """Whether the stack's file holds encrypted values, which only its own backend can read."""
        return _ENCRYPTED.search(self._text) is not None

    def config_file(self) -> str | None:
        """Return a copy for the engine to write to; None if it would not write to the file."""
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
