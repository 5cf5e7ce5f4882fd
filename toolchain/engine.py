"""Which engine is used: one on PATH, else the release, else a build; and the message if none."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from toolchain import pins, probe
from toolchain.build import build
from toolchain.pins import Version
from toolchain.release import download
from toolchain.steps import Console, StepError, ToolchainError
from toolchain.store import Store

# Fills a folder's `bin`, given the version, a log and a console; raises StepError if it can't.
Source = Callable[[Path, Version, Path, Console], None]
SOURCES: tuple[tuple[str, Source], ...] = (
    ("the official release", download),
    ("a build from source", build),
)


def locate(path: str | None = None, home: Path = pins.HOME) -> Path | None:
    """The directory that holds a usable `pulumi`, or None; builds and downloads nothing.

    Args:
        path: the PATH to search, by default this process's.
        home: the folder that keeps what `ensure` made.
    """
    path = os.environ.get("PATH", "") if path is None else path
    found, _ = _search(path, home)
    if found is not None:
        return found.pulumi.parent
    store = Store(home, pins.key())
    return store.bin if store.current() else None


def ensure(
    path: str | None = None,
    home: Path = pins.HOME,
    console: Console | None = None,
    sources: Sequence[tuple[str, Source]] = SOURCES,
) -> Path:
    """Like `locate`, but gets an engine into `home` if there is none yet.

    Args:
        path: the PATH to search, by default this process's.
        home: the folder that keeps what is downloaded or built.
        console: told what is going on.
        sources: the ways to an engine with their names, tried in this order.

    Raises:
        ToolchainError: none of the ways worked; the message says what to install.
    """
    path = os.environ.get("PATH", "") if path is None else path
    console = console or Console()
    store = Store(home, pins.key())
    found, passed_over = _search(path, home)
    if found is not None:
        return found.pulumi.parent
    if store.current():
        return store.bin
    tried = [f"{engine.pulumi} {engine.problem}" for engine in passed_over]
    for reason in tried:
        console.say(f"{reason}; it is left as it is and not used")
    with store.locked(console):
        # Whoever had the lock may have made it.
        if not store.current():
            _make(store, console, sources, tried or ["there is no pulumi on PATH"])
    return store.bin


def path_with(directory: Path, path: str | None = None) -> str:
    """A PATH on which `directory`'s pulumi comes first; unchanged if it already does.

    A folder such as /usr/bin, put in front for its pulumi, would hide the python before it.
    """
    path = os.environ.get("PATH", "") if path is None else path
    first = shutil.which(probe.PULUMI, path=path)
    found = first is not None and Path(first) == directory / probe.PULUMI
    return path if found else os.pathsep.join([str(directory), path])


def _search(path: str, home: Path) -> tuple[probe.Engine | None, list[probe.Engine]]:
    """The first usable CLI on PATH, and those before it with their problems."""
    passed_over: list[probe.Engine] = []
    # The sandbox puts a pulumi of its own on the user's PATH; nothing in the checkout counts.
    for pulumi in probe.on_path(path, (home, pins.ROOT)):
        engine = probe.examine(pulumi, pins.pinned_version(), path)
        if not engine.problem:
            return engine, passed_over
        passed_over.append(engine)
    return None, passed_over


def _make(
    store: Store, console: Console, sources: Sequence[tuple[str, Source]], passed_over: list[str]
) -> None:
    tried = [*passed_over]
    for name, fill in sources:
        console.restart()
        problem = _attempt(store, console, fill)
        if not problem:
            console.say(f"  done in {console.seconds:.0f} s")
            return
        tried.append(f"{name}: {problem}")
        if len(tried) < len(passed_over) + len(sources):
            console.say(f"  that did not work: {problem}")
    raise ToolchainError(_advice(tried, store.log))


def _attempt(store: Store, console: Console, fill: Source) -> str:
    """Makes and keeps an engine; what went wrong, or an empty string."""
    store.log.write_bytes(b"")
    version = pins.pinned_version()
    with store.fresh() as folder:
        try:
            fill(folder, version, store.log, console)
        except StepError as error:
            return str(error)
        made = probe.examine(folder / "bin" / probe.PULUMI, version)
        if not made.problem:
            store.keep(folder)
        return made.problem and f"the pulumi that it gave {made.problem}"


def _advice(tried: Sequence[str], log: Path) -> str:
    reasons = "\n".join(f"  - {reason}" for reason in tried)
    version = pins.pinned_version()
    more = f" What the last attempt printed is in {log}." if log.read_bytes() else ""
    return (
        f"No Pulumi CLI could be had:\n{reasons}\n"
        f"Install Pulumi {version} or newer (https://www.pulumi.com/docs/install/), or Go"
        f" {pins.needed_go()} or newer (https://go.dev/doc/install), and run this again.{more}"
    )
