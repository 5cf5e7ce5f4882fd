"""Which sandbox owns a port: its process answers that to whoever asks."""

import http.client
import json
from dataclasses import asdict, dataclass
from typing import Final

LOOPBACK: Final = "127.0.0.1"
"""The only address that the sandbox listens on."""
PATH: Final = "/sandbox-owner"
"""Where the answer is, beside moto's own paths."""
_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Owner:
    """A sandbox's instance, and its process."""

    instance: str
    pid: int

    def text(self) -> str:
        """Return the answer."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Owner | None":
        """Read an answer; None if no sandbox gave it."""
        try:
            read = json.loads(text)
            return cls(str(read["instance"]), int(read["pid"]))
        except (ValueError, KeyError, TypeError):
            return None


def ask(port: int) -> Owner | None:
    """Ask who listens on a port; None if no sandbox answers."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
    try:
        connection.request("GET", PATH)
        return Owner.read(connection.getresponse().read().decode(errors="replace"))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
