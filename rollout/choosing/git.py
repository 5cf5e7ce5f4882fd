"""What git knows of a project's files: commits, and files as they were at one of them."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rollout.errors import RolloutError

_COMMIT: Final = re.compile("[0-9a-f]{40,64}")


@dataclass(frozen=True)
class Commit:
    """A commit; `day` is the date of its author, as 2026-11-25."""

    id: str
    day: str
    subject: str

    def __str__(self) -> str:
        return f"{self.id} {self.day} {self.subject}"


def git(root: Path, asked: str, *args: str) -> Sequence[str]:
    """Run git in the project; its output ends its items with NUL.

    Raises:
        RolloutError: git failed; the error names what was `asked`, and has git's own message.
    """
    command = ["git", "-C", str(root), *args]
    option = asked.split(maxsplit=1)[0]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, encoding="utf-8", errors="replace"
        )
    except FileNotFoundError:
        raise RolloutError(f"{option}: there is no git on PATH") from None
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip() or (
            "the two share no commit here; a shallow clone must fetch more of its history"
        )
        raise RolloutError(*f"{asked}: {words}".splitlines()) from None
    return done.stdout.strip("\n").split("\0")


def base_of(root: Path, option: str, ref: str) -> str:
    """Return the merge base of HEAD with a commit: what is only there is not counted.

    Raises:
        RolloutError: as `git` does.
    """
    asked = f"{option} {ref}"
    if ref.startswith("-"):
        raise RolloutError(f"{asked}: is not a commit")
    return git(root, asked, "merge-base", ref, "HEAD")[0]


def commits(root: Path, option: str, *args: str) -> tuple[Commit, ...]:
    """Return commits, the newest first; `args` select them, as for `git log`."""
    form = "--format=%h%x00%as%x00%s%x00"
    found = git(root, option, "log", form, "--no-show-signature", *args)
    fields = [one.lstrip("\n") for one in found[:-1]]
    return tuple(Commit(*fields[at : at + 3]) for at in range(0, len(fields), 3))


def content_at(root: Path, option: str, commit: str, name: str) -> bytes | None:
    """Return a file of the project's folder as it was; None if it was not there."""
    if not git(root, option, "ls-tree", "-z", "--name-only", commit, "--", name)[0]:
        return None
    command = ["git", "-C", str(root), "show", f"{commit}:./{name}"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def last_changes(root: Path, option: str, name: str) -> list[tuple[int, Commit | None]]:
    """Return when each line of a file was changed last, and by which commit; None is by none yet.

    Raises:
        RolloutError: as `git` does; HEAD does not have the file, too.
    """
    text = "\0".join(git(root, option, "blame", "--porcelain", "--", name))
    known: dict[str, dict[str, str]] = {}
    found: list[tuple[int, Commit | None]] = []
    facts: dict[str, str] = {}
    for line in text.split("\n"):
        key, _, value = line.partition(" ")
        if not line.startswith("\t"):
            if _COMMIT.fullmatch(key):
                facts = known.setdefault(key, {"id": key})
            else:
                facts[key] = value
            continue
        at, zone = int(facts["author-time"]), int(facts["author-tz"])
        minutes = (abs(zone) // 100 * 60 + abs(zone) % 100) * (1 if zone > 0 else -1)
        day = datetime.fromtimestamp(at + 60 * minutes, UTC).strftime("%Y-%m-%d")
        is_made = facts["id"].strip("0")
        found.append((at, Commit(facts["id"][:9], day, facts["summary"]) if is_made else None))
    return found
