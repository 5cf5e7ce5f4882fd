"""What both servers of the sandbox do: say who and where they are, and end with the sandbox.

A server writes where it listens into the sandbox's folder, answers its identity to whoever asks
on that port, and ends by itself once the folder no longer names its instance: after a stop, after
a start that was killed half-way, after the folder was removed.
"""

import argparse
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sandbox.folder import Folder

LOOPBACK: Final = "127.0.0.1"
"""The only address that a server of the sandbox listens on."""
_LOOK_EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Identity:
    """Who a server is: the sandbox's instance that it belongs to, and its process."""

    instance: str
    pid: int

    def text(self) -> str:
        """Return it as it goes over the wire."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Identity | None":
        """Read an answer; None if it is no server's of a sandbox."""
        try:
            read = json.loads(text)
            return cls(str(read["instance"]), int(read["pid"]))
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class Serving:
    """One server process's place in a sandbox."""

    name: str
    folder: Folder
    identity: Identity
    aws_url: str

    @classmethod
    def from_arguments(cls, name: str) -> "Serving":
        """Read the arguments that the sandbox starts a server with."""
        parser = argparse.ArgumentParser(description=f"the sandbox's {name} server")
        parser.add_argument("--folder", type=Path, required=True)
        parser.add_argument("--instance", required=True)
        parser.add_argument("--aws-url", default="")
        given = parser.parse_args()
        identity = Identity(given.instance, os.getpid())
        return cls(name, Folder(given.folder), identity, given.aws_url)

    def announce(self, port: int) -> None:
        """Say where this server listens, and watch that the sandbox still wants it."""
        target = self.folder.address(self.name)
        draft = target.with_suffix(f".{self.identity.pid}")
        draft.write_text(json.dumps({"port": port}))
        draft.replace(target)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self._wanted():
            threading.Event().wait(_LOOK_EVERY_SECONDS)
        os._exit(0)

    def _wanted(self) -> bool:
        try:
            return self.folder.instance.read_text() == self.identity.instance
        except OSError:
            return False
