"""Who holds a stack that is locked, from the engine's own words.

A backend of files (also S3, GCS, Azure) names each holder (`checkForLock` in the engine's
pkg/backend/diy/lock.go); Pulumi Cloud answers with a conflict that names nobody.
"""

import os
import re
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

_HOLDER: Final = re.compile(
    r"created by (?P<user>.*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)"
)
_CONFLICT: Final = "[409] Conflict"


@dataclass(frozen=True)
class Holder:
    """A process that has locked a stack."""

    user: str
    host: str
    pid: int
    at: datetime

    def __str__(self) -> str:
        """The holder as the user reads it."""
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.at:%Y-%m-%d %H:%M:%S %Z}"

    @property
    def is_local(self) -> bool:
        """Whether it is of this machine."""
        return self.host == socket.gethostname()

    @property
    def is_dead(self) -> bool:
        """Whether it surely runs no more: it ran on this machine, and no Pulumi of its id does."""
        return self.is_local and not _runs(self.pid)


@dataclass(frozen=True)
class Lock:
    """A stack's lock: its holders, as far as the backend tells."""

    holders: tuple[Holder, ...] = ()

    def __str__(self) -> str:
        """The lock as the user reads it."""
        who = ", ".join(map(str, self.holders)) or "another update (Pulumi Cloud shows it)"
        return f"locked by {who}"

    @property
    def is_dead(self) -> bool:
        """Whether nobody works under it any more, as far as this machine knows."""
        return bool(self.holders) and all(holder.is_dead for holder in self.holders)

    @property
    def is_local(self) -> bool:
        """Whether all its holders are of this machine."""
        return all(holder.is_local for holder in self.holders)

    def is_of(self, started: datetime | None) -> bool:
        """Say whether it is of the engine that a rollout on this machine started then.

        Only a lock that is, and is dead, can be cancelled without asking.
        """
        if started is None or not self.holders:
            return False
        second = started.replace(microsecond=0)  # a lock's time has no smaller parts
        return all(holder.is_local and holder.at >= second for holder in self.holders)


def find_lock(words: str) -> Lock | None:
    """Find a lock in what the engine said; None if it failed for another reason."""
    holders = tuple(
        Holder(m["user"], m["host"], int(m["pid"]), datetime.fromisoformat(m["at"]))
        for m in _HOLDER.finditer(words)
    )
    return Lock(holders) if holders or _CONFLICT in words else None


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
