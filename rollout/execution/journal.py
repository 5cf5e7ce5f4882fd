"""What a rollout has done, kept on disk so that `up --resume` can continue after an interruption.

Each shard has one file of JSON lines in `.rollout/` of the project. Lines are only appended, and
each is on the disk before the rollout continues:

    {"stacks": ["acct-01", "acct-02"]}
    {"stack": "acct-01", "event": "started", "at": "2026-11-24T06:00:00+00:00"}
    {"stack": "acct-01", "event": "succeeded", "digest": "4f0c...", "account": "111111111111"}
    {"stack": "acct-02", "event": "started", "at": "2026-11-24T06:00:01+00:00"}
    {"stack": "acct-02", "event": "locked"}

A killed rollout may leave an incomplete last line. It is skipped with a warning, as is any other
line that is not understood. The digest is of the stack's file and the program: a stack that changed
since then is run again. Of older rollouts it keeps the account of each stack, as `deployed`.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Final, Self

from rollout.choosing.shard import Shard
from rollout.errors import RolloutError

FOLDER: Final = ".rollout"


@dataclass(frozen=True)
class Past:
    """What the last rollout of the same shard did."""

    stacks: tuple[str, ...]
    done: Mapping[str, str] = field(default_factory=dict)
    """The digests of those that succeeded."""
    cut_short: Mapping[str, datetime] = field(default_factory=dict)
    """When the stacks that never ended were started; the first time, if several times."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Where the stacks were last deployed from here, if their files named one account."""


class Journal:
    """The journal of the running rollout; no other process can have it open at the same time."""

    def __init__(self, root: Path, shard: Shard) -> None:
        """Open the journal of a project and shard.

        Raises:
            RolloutError: another rollout of the same shard runs, or the file can't be made.
        """
        folder = root / FOLDER
        part = "" if shard.total == 1 else f"-{shard.index}-of-{shard.total}"
        try:
            folder.mkdir(exist_ok=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
            self._file: FileIO = (root / f"{FOLDER}/up{part}.jsonl").open("ab+", buffering=0)
        except OSError as error:
            raise RolloutError(f"The journal can't be kept in {folder}: {error.strerror}") from None
        self.name = f"{FOLDER}/up{part}.jsonl"
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise RolloutError("Another `rollout up` runs in this project: wait for it.") from None
        self.unread: list[int] = []
        """The numbers of the lines that are not understood."""
        self.past = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def begin(self, stacks: Sequence[str]) -> None:
        """Start a new rollout of these stacks.

        Stacks that were cut short before stay noted, as their runs may have left locks, and so do
        the accounts of all.
        """
        past = self.past or Past(())
        noted = [
            *(
                {"stack": stack, "event": "deployed", "account": account}
                for stack, account in past.accounts.items()
            ),
            *(
                {"stack": stack, "event": "started", "at": at.isoformat()}
                for stack, at in past.cut_short.items()
            ),
        ]
        self._file.truncate(0)
        # In one write: a kill between several would lose some of what was noted.
        self._add({"stacks": list(stacks)}, *noted)

    def started(self, stack: str) -> None:
        """Note that a stack is about to be changed."""
        self._add({"stack": stack, "event": "started", "at": _now().isoformat()})

    def locked(self, stack: str) -> None:
        """Note that a stack was not changed, as another process has locked it."""
        self._add({"stack": stack, "event": "locked"})

    def ended(self, stack: str, digest: str | None, account: str | None = None) -> None:
        """Note that a stack ended: with a digest it succeeded, without one it failed."""
        event = {"event": "succeeded", "digest": digest} if digest else {"event": "failed"}
        self._add({"stack": stack, **event, **({"account": account} if digest and account else {})})

    def _add(self, *entries: Mapping[str, Any]) -> None:
        self._file.write(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries))
        os.fsync(self._file)

    def _read(self) -> Past | None:
        stacks: tuple[str, ...] | None = None
        done: dict[str, str] = {}
        accounts: dict[str, str | None] = {}
        starts: dict[str, list[datetime]] = {}
        for entry in self._entries():
            if "stacks" in entry:
                stacks = tuple(entry["stacks"])
                continue
            stack, event = entry["stack"], entry["event"]
            done.pop(stack, None)
            match event:
                case "started":
                    starts.setdefault(stack, []).append(datetime.fromisoformat(entry["at"]))
                case "locked":
                    del starts.get(stack, [])[-1:]
                case "failed" | "succeeded":
                    starts.pop(stack, None)
            if event == "succeeded":
                done[stack] = entry["digest"]
            if event in {"succeeded", "deployed", "destroyed"}:
                accounts[stack] = entry.get("account")
        cut_short = {stack: times[0] for stack, times in starts.items() if times}
        known = {stack: account for stack, account in accounts.items() if account}
        return None if stacks is None else Past(stacks, done, cut_short, known)

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        """Return what the lines say, and note those that are not understood."""
        self._file.seek(0)
        content = self._file.read()
        if content and not content.endswith(b"\n"):
            self._file.write(b"\n")
        for number, line in enumerate(content.split(b"\n"), 1):
            if not line.strip():
                continue
            if (entry := _entry(line)) is None:
                self.unread.append(number)
            else:
                yield entry


def _entry(line: bytes) -> Mapping[str, Any] | None:
    """Read one line; None if it is not understood."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match entry:
        case {"stacks": [*stacks]}:
            is_known = all(isinstance(stack, str) for stack in stacks)
        case {"stack": str(), "event": "started", "at": str(at)}:
            is_known = _is_time(at)
        case {"stack": str(), "event": "succeeded", "digest": str()}:
            is_known = isinstance(entry.get("account", ""), str)
        case {"stack": str(), "event": "deployed", "account": str()}:
            is_known = True
        case {"stack": str(), "event": "failed" | "locked" | "destroyed"}:
            is_known = True
        case _:
            is_known = False
    return entry if is_known else None


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def forget(root: Path, stacks: Sequence[str]) -> None:
    """Note in all journals of a project that stacks are destroyed, so that resume runs them again.

    Raises:
        RolloutError: a journal can't be written.
    """
    lines = [json.dumps({"stack": stack, "event": "destroyed"}) for stack in stacks]
    for file in (root / FOLDER).glob("up*.jsonl"):
        try:
            with file.open("ab", buffering=0) as journal:
                journal.write("\n".join(["", *lines, ""]).encode())
        except OSError as error:
            raise RolloutError(f"{file} can't be written: {error.strerror}") from None


def _now() -> datetime:
    return datetime.now(UTC)
