"""What git knows of a project's files: commits, and files as they were at one of them."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rollout.errors import RolloutError


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
