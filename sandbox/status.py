"""Whether the sandbox is running, and which stacks are deployed in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from sandbox.folder import Folder
from sandbox.lifecycle import Look

_TITLES: Final = {"aws": "the AWS (moto)", "standin": "the stand-in for the AWS provider"}


@dataclass(frozen=True)
class Deployed:
    """A stack in the sandbox's Pulumi state."""

    project: str
    stack: str
    resources: int


def deployed(folder: Folder) -> list[Deployed]:
    """Return the stacks in Pulumi's state, with the number of AWS resources of each."""
    found = []
    for path in sorted(folder.state.glob(".pulumi/stacks/*/*.json")):
        latest = (_read(path.read_text()).get("checkpoint") or {}).get("latest") or {}
        own = [r for r in latest.get("resources") or [] if r.get("custom")]
        made = [r for r in own if not r["type"].startswith("pulumi:")]
        found.append(Deployed(path.parent.name, path.stem, len(made)))
    return found


def as_json(found: Look, stacks: list[Deployed]) -> Mapping[str, Any]:
    """Return the status as `status --json` prints it."""
    return {
        "state": found.state,
        "faults": [found.fault] if found.fault else [],
        "servers": {n: {"port": port, "pid": found.pid} for n, port in found.ports.items()},
        "stacks": {s.stack: {"project": s.project, "resources": s.resources} for s in stacks},
    }


def show(console: Console, found: Look, stacks: list[Deployed]) -> None:
    """Print the status."""
    words = {
        "running": "The sandbox is running.",
        "stopped": "The sandbox is not running.",
        "stale": "The sandbox is broken and can't be used; `start` replaces it.",
    }
    console.print(words[found.state])
    if found.fault:
        console.print(f"  {found.fault}")
    for name, port in found.ports.items():
        console.print(f"  {_TITLES[name]}: port {port}, process {found.pid}")
    for stack in stacks if found.state == "running" else ():
        console.print(f"  stack {stack.stack} of {stack.project}: {stack.resources} resources")


def _read(text: str) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(text)
    except ValueError:  # Pulumi is writing it
        return {}
    return read
