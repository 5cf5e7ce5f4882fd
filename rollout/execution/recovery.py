"""Settles what an interrupted run was creating, before anything else is changed.

At the start of an update the engine warns of pending operations, and continues. `Gate` stops it
there, before the program is run, and the creates are settled: resources that AWS created are added
to the state if they are ours, and keys whose secrets are lost are deleted. A stack without pending
operations needs no further call.

`pulumi refresh --import-pending-creates` does not do this: engine 3.200.0 drops the imported
resources when it next writes the state.
"""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import pulumi
from pulumi import automation as auto
from pulumi.automation.events import DiagnosticEvent, EngineEvent
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import get_engine

from components.settings.findings import SettingsError
from components.settings.stack_file import read
from rollout.errors import AccountError
from rollout.execution.pending import (
    Remedy,
    Settlement,
    Window,
    accounts,
    held,
    pending_creates,
    settled,
    settlements_of,
)
from rollout.execution.task import Task

OnEvent = Callable[[EngineEvent], None]
RunCli = Callable[[list[str]], str]
"""Runs the CLI with arguments and returns what it prints."""

_WARNING: Final = "pending operations from previous deployment"
"""Of `printPendingOperationsWarning` in the engine's pkg/resource/deploy/deployment_executor.go."""
_MARK: Final = "rollout: the program begins"
_PATIENCE_SECONDS: Final = 10.0
_LOOK_EVERY_SECONDS: Final = 0.002
_CUT_SHORT: Final = "an earlier run was cut short while it created something"
_TORN: Final = "failed to load checkpoint: "


class RecoveryError(Exception):
    """The pending operations can't be settled; the text says why."""


class Gate:
    """Listens to an update and ends it before its program runs if creates are pending."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._marked = threading.Event()
        self._log: Path | None = None
        self._is_open = False
        self.is_shut = False
        """Whether the update was ended: its later events are not passed on."""
        self.state: dict[str, Any] = {}
        """The stack's state before that update, which writes one without a time when it ends."""

    def listen(self, args: Sequence[str]) -> None:
        """Learn from the CLI's arguments in which file the engine writes its events, if in any."""
        if "--event-log" in args:
            self._log = Path(args[args.index("--event-log") + 1])

    def open(self) -> None:
        self._is_open, self.is_shut = True, False

    def on_event(self, event: EngineEvent) -> None:
        said = event.diagnostic_event
        if said is not None:
            if _MARK in said.message:
                self._marked.set()
                return
            if _WARNING in said.message:
                self.is_shut = not self._is_open
                return
        if not self.is_shut:
            self._on_event(event)

    def check(self, export: Callable[[], dict[str, Any]]) -> None:
        """End the run that this is called in, a program's, if the engine has warned.

        Events arrive in order: once this one's mark has, so has a warning.

        Args:
            export: returns the stack's state.

        Raises:
            pulumi.RunError: it has.
        """
        if self._is_open:
            return
        mark = engine_pb2.LogRequest(severity=engine_pb2.DEBUG, message=_MARK)
        cast("Any", get_engine()).Log(mark)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._has_mark() and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_SECONDS)
        if self.is_shut:
            self.state = export()
            raise pulumi.RunError("operations are pending")

    def _has_mark(self) -> bool:
        if self._log is None or not self._log.is_file():
            return self._marked.is_set()
        written = self._log.read_text(encoding="utf-8")  # its reader looks ten times a second
        self.is_shut |= _WARNING in written
        return _MARK in written


def recover(task: Task, state: dict[str, Any], run: RunCli, on_event: OnEvent) -> None:
    """Settle the pending operations of a stack's state; tell as warnings what was done.

    Raises:
        RecoveryError: they can't be settled, and the state is as it was.
        auto.CommandError: the engine failed.
    """
    deployment = state["deployment"]
    settlements = _settlements(task, run, deployment)
    state = {**state, "deployment": settled(deployment, settlements)}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as file:
        json.dump(state, file)
        file.flush()
        run(["stack", "import", "--stack", task.stack, "--file", file.name])
    for settlement in settlements:
        if words := _words(settlement):
            said = DiagnosticEvent(words, "never", "warning")
            on_event(EngineEvent(0, 0, diagnostic_event=said))


def export(run: RunCli, stack: str) -> dict[str, Any]:
    """Return a stack's state; what is secret in it stays encrypted."""
    state: dict[str, Any] = json.loads(run(["stack", "export", "--stack", stack]))
    return state


def _settlements(task: Task, run: RunCli, deployment: Mapping[str, Any]) -> list[Settlement]:
    """Decide how the pending creates are settled, and delete the keys."""
    pending = pending_creates(deployment)
    last_write = datetime.fromisoformat(deployment["manifest"]["time"])
    if not any(one.is_in_aws for one in pending):
        return settlements_of(pending, {}, set(), Window.of(last_write, task.cut_short))
    # 0.2 s and 20 MiB that hardly any run needs
    from rollout.deployed.account import account_of  # noqa: PLC0415
    from rollout.execution import existing  # noqa: PLC0415

    try:
        file = read(Path(task.root), task.stack)
        account = account_of(file, accounts(deployment))
        found = {one.urn: existing.find(account, one) for one in pending}
        marks = set(held(deployment))
        if any(found.values()):
            marks.update(_held_elsewhere(task, run, account.id))
        window = Window.of(last_write, task.cut_short, account.clock)
        settlements = settlements_of(pending, found, marks, window)
        _refuse_unknown(task, settlements)
        for settlement in settlements:
            if settlement.remedy is Remedy.DELETE:
                for key in settlement.ids:
                    existing.delete_key(account, settlement.pending.inputs["user"], key)
    except AccountError as error:
        raise RecoveryError(f"{_CUT_SHORT}, and {error}") from None
    return settlements


def _held_elsewhere(task: Task, run: RunCli, account: str) -> Iterator[str]:
    """Return the marks of what the other stacks of the project hold in an account."""
    for listed in json.loads(run(["stack", "ls", "--json"])):
        stack = listed["name"].rsplit("/", 1)[-1]
        if stack != task.stack and _account(Path(task.root), stack) in {None, account}:
            yield from held(export(run, listed["name"])["deployment"] or {})


def _account(root: Path, stack: str) -> str | None:
    try:
        return read(root, stack).account
    except SettingsError:
        return None


def _refuse_unknown(task: Task, settlements: Iterable[Settlement]) -> None:
    left = [f"{one.pending}: {one.why}" for one in settlements if one.remedy is Remedy.LEAVE]
    if left:
        raise RecoveryError(
            f"{_CUT_SHORT}: {'; '.join(left)}. Check what AWS has, then run "
            f"`pulumi refresh --stack {task.stack}`, which asks what to do"
        )


def _words(settlement: Settlement) -> str:
    """Say what was done about a pending create; empty if AWS had not done it."""
    match settlement.remedy:
        case Remedy.TAKE:
            return f"{settlement.pending}: created by an interrupted run, and in the state now"
        case Remedy.DELETE:
            keys = ", ".join(settlement.ids)
            return f"{settlement.pending}: {keys} was deleted, as its secret is lost"
        case _:
            return (
                f"{settlement.pending}: not added to the state; {settlement.why}"
                if settlement.why
                else ""
            )


def mend_file(task: Task, run: RunCli, error: auto.CommandError) -> bool:
    """Mend a backend of files that was cut short while it wrote; return whether there was need.

    Beside each file it keeps one with attributes, which it does not write at once, and can't do
    without if it is there (`setAttrs` in gocloud.dev's blob/fileblob/attrs.go).
    """
    if _TORN not in str(error):
        return False
    url = urlsplit(json.loads(run(["whoami", "--json", "--verbose"]))["url"])
    if url.scheme != "file":
        return False
    mended = False
    place = Path(unquote(url.netloc + url.path)).expanduser()  # file://~ and file://. are allowed
    for file in Path(task.root, place, ".pulumi/stacks").rglob(f"{task.stack}.json*.attrs"):
        try:
            json.loads(file.read_bytes())
        except ValueError:
            file.unlink(missing_ok=True)
            mended = True
    return mended
