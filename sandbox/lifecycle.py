"""Starts, stops and examines the sandbox's two servers.

A sandbox runs if both answer on the ports they announced, with the id of the instance that the
folder names. It is stopped if the folder names none. Everything in between is stale: said with
what was found, never used, and cleared by the next start or stop. What moto held is in its
memory only, so Pulumi's state goes with it.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sandbox.folder import CHECKOUT, Folder
from sandbox.probing import PROBES
from sandbox.serving import LOOPBACK

TITLES: Final[Mapping[str, str]] = {
    "aws": "the AWS (moto)",
    "standin": "the stand-in for the AWS provider",
}
_PATIENCE_SECONDS: Final = 30.0
_LOOK_EVERY_SECONDS: Final = 0.02
_LOG_LINES: Final = 15


class SandboxError(Exception):
    """A failure to tell the user as it is."""


@dataclass(frozen=True)
class Server:
    """One running server."""

    port: int
    pid: int


@dataclass(frozen=True)
class Look:
    """What is in a sandbox's folder."""

    state: Literal["running", "stopped", "stale"]
    servers: Mapping[str, Server]
    """Those that answered as this sandbox's."""
    faults: tuple[str, ...] = ()
    """What is wrong with a stale one."""

    @property
    def aws_url(self) -> str:
        """Where the AWS of a running sandbox is."""
        return f"http://{LOOPBACK}:{self.servers['aws'].port}"


def look(folder: Folder) -> Look:
    """Examine a sandbox."""
    with folder.locked():
        return _look(folder)


def start(folder: Folder) -> tuple[Look, Look]:
    """Start the sandbox unless it runs.

    Returns:
        What was found, and what runs now. One that was stale was cleared first.

    Raises:
        SandboxError: a server did not come up; what it printed is in the message.
    """
    with folder.locked():
        before = _look(folder)
        if before.state == "running":
            return before, before
        _clear(folder, before)
        return before, _start(folder)


def stop(folder: Folder) -> Look:
    """Stop the sandbox and forget what it held; return what was found."""
    with folder.locked():
        before = _look(folder)
        _clear(folder, before)
        return before


def _look(folder: Folder) -> Look:
    instance = folder.instance.read_text() if folder.instance.exists() else None
    servers: dict[str, Server] = {}
    faults: list[str] = []
    for name, title in TITLES.items():
        port = _announced(folder, name)
        if instance is None and port is None:
            continue
        if port is None:
            faults.append(f"{title} never came up")
            continue
        identity = PROBES[name](port)
        if identity is None:
            faults.append(f"{title} no longer answers on port {port}")
        elif identity.instance != instance:
            faults.append(f"port {port}, once of {title}, is another sandbox's now")
        else:
            servers[name] = Server(port, identity.pid)
    if faults:
        return Look("stale", servers, tuple(faults))
    return Look("running" if servers else "stopped", servers)


def _announced(folder: Folder, name: str) -> int | None:
    try:
        return int(json.loads(folder.address(name).read_text())["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clear(folder: Folder, found: Look) -> None:
    """End what runs of a sandbox, and forget what it held.

    Only a process that has just answered as this sandbox's is sent a signal; any other server of
    it ends by itself once the instance is gone.
    """
    folder.instance.unlink(missing_ok=True)
    for name, server in found.servers.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)
        _await_end(name, server)
    for name in TITLES:
        folder.address(name).unlink(missing_ok=True)
    for held in (folder.state, folder.configs, folder.aws_files):
        shutil.rmtree(held, ignore_errors=True)


def _start(folder: Folder) -> Look:
    instance = secrets.token_hex(8)
    folder.instance.write_text(instance)
    for directory in (folder.state, folder.pulumi_home, folder.log("").parent, folder.aws_files):
        directory.mkdir(parents=True, exist_ok=True)
    _serve(folder, "aws", instance)
    aws_url = f"http://{LOOPBACK}:{_announced(folder, 'aws')}"
    _serve(folder, "standin", instance, "--aws-url", aws_url)
    now = _look(folder)
    if now.state != "running":
        _clear(folder, now)
        raise SandboxError(f"The sandbox did not come up: {'; '.join(now.faults)}")
    return now


def _serve(folder: Folder, name: str, instance: str, *more: str) -> None:
    """Start a server and wait until it listens; it sees the sandbox's own AWS files only."""
    own = {
        "AWS_CONFIG_FILE": str(folder.aws_files / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder.aws_files / "credentials"),
        "NO_PROXY": LOOPBACK,
    }
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "MOTO_"))}
    command = [sys.executable, "-m", "sandbox.serving", name]
    command += ["--folder", str(folder.root), "--instance", instance, *more]
    try:
        with folder.log(name).open("wb") as log:
            subprocess.run(
                command,
                cwd=CHECKOUT,
                env={**inherited, **own},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
                timeout=_PATIENCE_SECONDS,
            )
    except subprocess.SubprocessError:
        _clear(folder, _look(folder))
        printed = folder.log(name).read_text(errors="replace").splitlines()[-_LOG_LINES:]
        raise SandboxError("\n".join([f"{TITLES[name]} did not come up:", *printed])) from None


def _await_end(name: str, server: Server) -> None:
    """Wait until a server that was told to end no longer answers."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while PROBES[name](server.port) is not None and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_SECONDS)
