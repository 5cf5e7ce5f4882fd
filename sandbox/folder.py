"""The sandbox's folder: everything it keeps, in one git-ignored place.

`.sandbox/` in the checkout, or where the environment's SANDBOX_DIR says.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parent.parent
"""The checkout that this sandbox belongs to."""
PORTS: Final = ("aws", "standin")
"""What the sandbox listens for: calls of AWS, and engines."""


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

    @property
    def log(self) -> Path:
        """What the sandbox's process printed."""
        return self.root / "sandbox.log"

    @property
    def ports(self) -> Path:
        """The file in which the sandbox's process says where it listens."""
        return self.root / "ports.json"

    def read_instance(self) -> str | None:
        """Return the id of the sandbox that is meant to run; None if none is."""
        try:
            return self.instance.read_text()
        except OSError:
            return None

    def write_ports(self, ports: Mapping[str, int]) -> None:
        """Say where the sandbox listens; a reader finds all of it or nothing."""
        draft = self.ports.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(dict(ports)))
        draft.replace(self.ports)

    def read_ports(self) -> dict[str, int] | None:
        """Return where the sandbox said that it listens; None if it said nothing."""
        try:
            read = json.loads(self.ports.read_text())
            return {name: int(read[name]) for name in PORTS}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the sandbox's lock: one start or stop at a time, and nobody looks meanwhile."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
