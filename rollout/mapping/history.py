"""Since when a grant is as it is, and by which commit: from the lines of its file."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from components.settings.stack_file import SourceLines
from rollout.choosing.git import Commit, last_changes
from rollout.errors import RolloutError
from rollout.mapping.model import Row

_AT_ONCE: Final = 4
_Changes = list[tuple[int, Commit | None]]


def history(root: Path, rows: Iterable[Row]) -> dict[SourceLines, Commit | None]:
    """Return the commit that changed each identity and grant last; None is by none yet."""
    sources = {
        source for row in rows for source in (row.source, *(one.source for one in row.rights))
    }
    files = sorted({one.file for one in sources})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        changes = dict(zip(files, pool.map(lambda file: _changes(root, file), files), strict=True))
    return {one: _newest(changes[one.file], one) for one in sources}


def _changes(root: Path, file: str) -> _Changes:
    try:
        return last_changes(root, "map", file)
    except RolloutError:
        return []  # the file is in no commit yet


def _newest(changes: _Changes, source: SourceLines) -> Commit | None:
    own = changes[source.line - 1 : source.last]
    if any(commit is None for _, commit in own):
        return None
    return max(own, key=lambda one: one[0])[1] if own else None
