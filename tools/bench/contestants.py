"""The ways to preview stacks that are compared, and the time and memory that each takes."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from tools.bench.project import Bench


def make(project: Bench) -> None:
    """Make the stacks in the backend: previews of others take a backend of their own."""
    for stack in project.stacks:
        init_stack(project, project.root, stack)


def rollout(project: Bench, stacks: Sequence[str]) -> float:
    return _seconds(project, [sys.executable, "-m", "rollout", "preview", "--json", *stacks])


def loop(project: Bench, stacks: Sequence[str]) -> float:
    """Run `pulumi preview` for one stack after the other, as a shell loop does."""
    return sum(preview(project, project.root, stack) for stack in stacks)


def init_stack(project: Bench, root: Path, stack: str) -> None:
    """Make a stack in the backend, which nobody measures."""
    _seconds(project, ["pulumi", "stack", "init", "--no-select", stack], root)


def preview(project: Bench, root: Path, stack: str) -> float:
    return _seconds(project, ["pulumi", "preview", "--stack", stack], root)


def up(project: Bench, root: Path, stack: str) -> float:
    """Run `pulumi up` of a new stack, and take away what it made; the seconds are of `up`."""
    seconds = _seconds(project, ["pulumi", "up", "--yes", "--skip-preview", "--stack", stack], root)
    _seconds(project, ["pulumi", "destroy", "--yes", "--skip-preview", "--stack", stack], root)
    return seconds


def threads(project: Bench, stacks: Sequence[str]) -> float:
    """Run the stacks on threads of one process: what the rollout would be without workers."""
    return _seconds(project, [sys.executable, "-m", "tools.bench.threads", *stacks])


def _seconds(project: Bench, command: Sequence[str], root: Path | None = None) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=root or project.root,
        env=dict(project.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - began


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
