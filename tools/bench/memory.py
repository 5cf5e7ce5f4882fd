"""Peak memory of a command with all its processes, as Linux counts it."""

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tools.bench.project import Project

_EVERY_SECONDS: Final = 0.05
_MIB: Final = 1024


def peak_mib(project: Project, command: Sequence[str]) -> float:
    """Run a command; return the most MiB that it and its descendants held at once.

    Shared pages count once (PSS). Only on Linux, whose /proc tells it.
    """
    peak = 0
    with subprocess.Popen(
        command,
        cwd=project.root,
        env=dict(project.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_pss_kib, _family(process.pid))))
            time.sleep(_EVERY_SECONDS)
    return peak / _MIB


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _family(int(child))


def _pss_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
