"""The git-ignored folder that keeps a downloaded or built engine.

`bin/` appears in one rename, complete and with its stamp in it, so an interrupted run leaves
either the old engine or none, never half of one.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolchain.probe import HOST, PULUMI, SHIM
from toolchain.steps import Console

_STAMP = ".stamp"
_PREFIX = "new-"


@dataclass(frozen=True)
class Store:
    """An engine's place on disk, and the key that says what should be in it."""

    home: Path
    key: str

    @property
    def bin(self) -> Path:
        """Where the executables are, once there are any."""
        return self.home / "bin"

    @property
    def log(self) -> Path:
        """What the last attempt at an engine printed."""
        return self.home / "log"

    def current(self) -> bool:
        """Whether a whole engine is there, made from what is pinned now."""
        try:
            stamp = (self.bin / _STAMP).read_text()
        except OSError:
            return False
        whole = all(os.access(self.bin / name, os.X_OK) for name in (PULUMI, HOST, SHIM))
        return whole and stamp.strip() == self.key

    @contextmanager
    def locked(self, console: Console) -> Iterator[None]:
        """Keeps two runs from making the same engine; the second one waits and says so."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                console.say("another run is preparing the Pulumi engine; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """An empty folder to make an engine in, gone afterwards; call it under `locked`."""
        for leftover in self.home.glob(f"{_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.home))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, folder: Path) -> None:
        """Makes `folder/bin` the kept engine in place of the one before."""
        (folder / "bin" / _STAMP).write_text(f"{self.key}\n")
        if self.bin.exists():
            self.bin.rename(folder / "before")
        (folder / "bin").rename(self.bin)
