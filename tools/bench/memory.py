"""Peak memory of a command with all its processes."""

import contextlib
import subprocess
import time
from collections.abc import Sequence
from typing import Final

import psutil

from tools.bench.project import Bench

_EVERY_SECONDS: Final = 0.05
_MIB: Final = 1024**2


def peak_mib(project: Bench, command: Sequence[str]) -> float:
    """Run a command; return the most MiB that it and its descendants held at once.

    Shared pages count once (PSS), which only Linux tells.
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
            peak = max(peak, _held(process.pid))
            time.sleep(_EVERY_SECONDS)
    return peak / _MIB


def _held(pid: int) -> int:
    """Bytes that a process and its descendants hold now."""
    held = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):  # it ended in between
                held += one.memory_full_info().pss
    return held
