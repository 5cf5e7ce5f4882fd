"""The sandbox's folder, which git ignores: all files that the sandbox keeps.

It is `.sandbox/` in the checkout, or what the environment variable SANDBOX_DIR names.
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
"""The sandbox's ports: one for calls of AWS, one for Pulumi engines."""


@dataclass(frozen=True)
class Folder:
    """The files of one sandbox."""

    root: Path

    @classmethod
    def current(cls) -> "Folder":
        """Return the folder that the environment names, else the checkout's."""
        named = os.environ.get("SANDBOX_DIR")
        return cls(Path(named).resolve() if named else CHECKOUT / ".sandbox")

    @property
    def instance(self) -> Path:
        """The file with the random id of the sandbox that should be running."""
        return self.root / "instance"

    @property
    def state(self) -> Path:
        """The Pulumi backend's files."""
        return self.root / "state"

    @property
    def pulumi_home(self) -> Path:
        """The Pulumi CLI's own files, separate from the user's."""
        return self.root / "pulumi"

    @property
    def configs(self) -> Path:
        """The copies of stack files that the engine reads."""
        return self.root / "configs"

    @property
    def aws_files(self) -> Path:
        """AWS config and credentials files, separate from the user's."""
        return self.root / "aws"

    @property
    def log(self) -> Path:
        """The output of the sandbox's process."""
        return self.root / "sandbox.log"

    @property
    def calls(self) -> Path:
        """The record of decided calls (`sandbox.authorization.record`)."""
        return self.root / "calls.jsonl"

    @property
    def issuer_key(self) -> Path:
        """The private key of the test issuer of tokens."""
        return self.root / "issuer-key.pem"

    @property
    def ports(self) -> Path:
        """The file with the ports of the sandbox's process."""
        return self.root / "ports.json"

    def read_instance(self) -> str | None:
        """Return the id of the sandbox that should be running; None if none should."""
        try:
            return self.instance.read_text()
        except OSError:
            return None

    def write_ports(self, ports: Mapping[str, int]) -> None:
        """Write the sandbox's ports, in one step."""
        draft = self.ports.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(dict(ports)))
        draft.replace(self.ports)

    def read_ports(self) -> dict[str, int] | None:
        """Return the sandbox's ports; None if it has written none."""
        try:
            read = json.loads(self.ports.read_text())
            return {name: int(read[name]) for name in PORTS}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the sandbox's lock, so that only one process starts, stops or examines it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
