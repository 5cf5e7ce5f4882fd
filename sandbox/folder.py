"""The sandbox's folder: everything it keeps, in one git-ignored place.

`.sandbox/` in the checkout, or where the environment's SANDBOX_DIR says.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parent.parent
"""The checkout that this sandbox belongs to."""


@dataclass(frozen=True)
class Folder:
    """Where the sandbox keeps what."""

    root: Path

    @classmethod
    def current(cls) -> "Folder":
        """Return the folder that the environment names, else the checkout's."""
        named = os.environ.get("SANDBOX_DIR")
        return cls(Path(named).resolve() if named else CHECKOUT / ".sandbox")

    @property
    def instance(self) -> Path:
        """The file with the random id of the sandbox that is meant to run."""
        return self.root / "instance"

    @property
    def state(self) -> Path:
        """The Pulumi backend's files."""
        return self.root / "state"

    @property
    def pulumi_home(self) -> Path:
        """The Pulumi CLI's own files, apart from the user's."""
        return self.root / "pulumi"

    @property
    def configs(self) -> Path:
        """Copies of stack files, for the engine to read."""
        return self.root / "configs"

    @property
    def aws_files(self) -> Path:
        """AWS config and credentials files, apart from the user's."""
        return self.root / "aws"

    def log(self, server: str) -> Path:
        """Return the file with what a server printed."""
        return self.root / "logs" / f"{server}.log"

    def address(self, server: str) -> Path:
        """Return the file in which a server says where it listens."""
        return self.root / f"{server}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the sandbox's lock: one start or stop at a time, and nobody looks meanwhile."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
