"""Starts, stops and examines the sandbox.

The sandbox runs if its process answers on the port that it announced, with the id of the instance
that the folder names. It is stopped if the folder names none. Everything in between is stale: it is
reported with what was found, never used, and cleared by the next start or stop. moto keeps its data
in memory only, so Pulumi's state is cleared with it.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sandbox.folder import CHECKOUT, Folder
from sandbox.ownership import LOOPBACK, ask

_PATIENCE_SECONDS: Final = 30.0
_LOOK_EVERY_SECONDS: Final = 0.02
_LOG_LINES: Final = 15


class SandboxError(Exception):
    """A failure whose message is for the user."""


@dataclass(frozen=True)
class Look:
    """What is in a sandbox's folder."""

    state: Literal["running", "stopped", "stale"]
    pid: int | None = None
    """The sandbox's process, if it runs."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Where it listens (`sandbox.folder.PORTS`)."""
    fault: str = ""
    """What is wrong with a stale one."""

    @property
    def aws_url(self) -> str:
        """Where the AWS of a running sandbox is."""
        return f"http://{LOOPBACK}:{self.ports['aws']}"


def look(folder: Folder) -> Look:
    """Examine a sandbox."""
    with folder.locked():
        return _look(folder)


def start(folder: Folder) -> tuple[Look, Look]:
    """Start the sandbox unless it runs.

    Returns:
        What was found, and what runs now. A stale one was cleared first.

    Raises:
        SandboxError: it did not come up; what it printed is in the message.
    """
    with folder.locked():
        before = _look(folder)
        if before.state == "running":
            return before, before
        _clear(folder, before)
        return before, _start(folder)


def stop(folder: Folder) -> Look:
    """Stop the sandbox and delete what it held; return what was found."""
    with folder.locked():
        before = _look(folder)
        _clear(folder, before)
        return before


def _look(folder: Folder) -> Look:
    instance, ports = folder.read_instance(), folder.read_ports()
    if ports is None:
        if instance is None:
            return Look("stopped")
        return Look("stale", fault="it never came up")
    owner = ask(ports["aws"])
    if owner is None:
        return Look("stale", fault=f"it no longer answers on port {ports['aws']}")
    if owner.instance != instance:
        return Look("stale", fault=f"its port {ports['aws']} is another sandbox's now")
    return Look("running", owner.pid, ports)


def _clear(folder: Folder, found: Look) -> None:
    """End the sandbox's process, and delete what it held.

    Only a process that has just answered as this sandbox's gets a signal; any other one of this
    folder ends by itself once the instance is gone.
    """
    folder.instance.unlink(missing_ok=True)
    if found.pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while ask(found.ports["aws"]) is not None and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_SECONDS)
    for file in (folder.ports, folder.calls):
        file.unlink(missing_ok=True)
    for held in (folder.state, folder.configs, folder.aws_files):
        shutil.rmtree(held, ignore_errors=True)


def _start(folder: Folder) -> Look:
    """Start the sandbox's process and wait until it listens."""
    instance = secrets.token_hex(8)
    folder.instance.write_text(instance)
    for directory in (folder.state, folder.pulumi_home, folder.aws_files):
        directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandbox.process"]
    command += ["--folder", str(folder.root), "--instance", instance]
    try:
        with folder.log.open("wb") as log:
            subprocess.run(
                command,
                cwd=CHECKOUT,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
                timeout=_PATIENCE_SECONDS,
            )
    except subprocess.SubprocessError:
        _clear(folder, _look(folder))
        printed = folder.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        raise SandboxError("\n".join(["The sandbox did not come up:", *printed])) from None
    now = _look(folder)
    if now.state != "running":
        _clear(folder, now)
        raise SandboxError(f"The sandbox did not come up: {now.fault}")
    return now


def _environment(folder: Folder) -> dict[str, str]:
    """Return the environment of the sandbox's process: of AWS, the sandbox's own files only."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "MOTO_"))}
    return {
        **inherited,
        "AWS_CONFIG_FILE": str(folder.aws_files / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder.aws_files / "credentials"),
        "NO_PROXY": LOOPBACK,
    }
