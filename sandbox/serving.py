"""What both servers of the sandbox do: detach, say who and where they are, end with the sandbox.

`python -m sandbox.serving NAME ...` returns once the server listens, or ends with 1 if it cannot.
The server writes where it listens into the sandbox's folder, answers its identity to whoever asks
on that port, and ends by itself once the folder no longer names its instance: after a stop, after
a start that was killed half-way, after the folder was removed.
"""

import argparse
import importlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sandbox.folder import Folder

LOOPBACK: Final = "127.0.0.1"
"""The only address that a server of the sandbox listens on."""
MODULES: Final[Mapping[str, str]] = {
    "aws": "sandbox.aws_server",
    "standin": "sandbox.standin.server",
}
"""The servers; each module's `serve` serves until the process ends."""
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
    ready: int
    """The file descriptor on which the waiting parent is told that the server listens."""

    def announce(self, port: int) -> None:
        """Say where this server listens, and watch that the sandbox still wants it."""
        target = self.folder.address(self.name)
        draft = target.with_suffix(f".{self.identity.pid}")
        draft.write_text(json.dumps({"port": port}))
        draft.replace(target)
        threading.Thread(target=self._watch, daemon=True).start()
        os.write(self.ready, b".")
        os.close(self.ready)

    def _watch(self) -> None:
        while self._wanted():
            threading.Event().wait(_LOOK_EVERY_SECONDS)
        os._exit(0)

    def _wanted(self) -> bool:
        try:
            return self.folder.instance.read_text() == self.identity.instance
        except OSError:
            return False


def detach() -> int:
    """Go on in a process of its own, which outlives the terminal and whoever started it.

    The process that called waits for a byte on the returned descriptor and ends: with 0 when one
    came, with 1 when the new process died before.
    """
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os._exit(0 if os.read(reading, 1) else 1)
    os.close(reading)
    os.setsid()
    return writing


def main() -> None:
    """Run one server; its imports, which are slow, come after the fork."""
    parser = argparse.ArgumentParser(description="a server of the sandbox")
    parser.add_argument("name", choices=sorted(MODULES))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--instance", required=True)
    parser.add_argument("--aws-url", default="")
    given = parser.parse_args()
    ready = detach()
    identity = Identity(given.instance, os.getpid())
    serving = Serving(given.name, Folder(given.folder), identity, given.aws_url, ready)
    importlib.import_module(MODULES[given.name]).serve(serving)


if __name__ == "__main__":
    main()
