"""Who has locked a stack, from the engine's error message.

A backend of files (also S3, GCS, Azure) names each owner (`checkForLock` in the engine's
pkg/backend/diy/lock.go); Pulumi Cloud answers with a conflict that names no owner.
"""

import os
import re
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

_OWNER: Final = re.compile(
    r"created by (?P<user>.*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)"
)
_CONFLICT: Final = "[409] Conflict"


@dataclass(frozen=True)
class LockOwner:
    user: str
    host: str
    pid: int
    at: datetime

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.at:%Y-%m-%d %H:%M:%S %Z}"

    @property
    def is_local(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def is_dead(self) -> bool:
        """Whether it has surely ended: it ran on this machine, and no Pulumi process has its id."""
        return self.is_local and not _runs(self.pid)


@dataclass(frozen=True)
class Lock:
    """A stack's lock, with the owners that the backend names."""

    owners: tuple[LockOwner, ...] = ()

    def __str__(self) -> str:
        who = ", ".join(map(str, self.owners)) or "another update (Pulumi Cloud shows it)"
        return f"locked by {who}"

    @property
    def is_dead(self) -> bool:
        """Whether all its owners have surely ended."""
        return bool(self.owners) and all(owner.is_dead for owner in self.owners)

    @property
    def is_local(self) -> bool:
        return all(owner.is_local for owner in self.owners)

    def is_of(self, started: datetime | None) -> bool:
        """Return whether it belongs to an engine that a rollout on this machine started then.

        Only such a lock, if it is dead too, is removed without asking.
        """
        if started is None or not self.owners:
            return False
        second = started.replace(microsecond=0)  # a lock's time has no smaller parts
        return all(owner.is_local and owner.at >= second for owner in self.owners)


def find_lock(words: str) -> Lock | None:
    """Find a lock in an error message of the engine; None if it failed for another reason."""
    owners = tuple(
        LockOwner(m["user"], m["host"], int(m["pid"]), datetime.fromisoformat(m["at"]))
        for m in _OWNER.finditer(words)
    )
    return Lock(owners) if owners or _CONFLICT in words else None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return True  # no Linux; or it has just ended, and the next look tells
    # A container's first process may leave the killed unburied; Linux tells them from the living.
    # And a process of another name has been given the id of one that ended.
    return rest.split()[0] != "Z" and "pulumi" in name
