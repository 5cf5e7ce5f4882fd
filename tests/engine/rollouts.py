"""What tests of the rollout are written with: its command line, run as a user would."""

import itertools
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sandbox.environment import SHIM, environment, for_process
from sandbox.folder import CHECKOUT
from tests.engine.harness import Project

DEADLINE_SECONDS: Final = 60.0

HOLDING: Final = """
import pathlib, time
here, stack = pathlib.Path(__file__).parent, pulumi.get_stack()
(here / f"began-{stack}").touch()
while (here / f"hold-{stack}").exists():
    time.sleep(0.02)
if (here / f"break-{stack}").exists():
    raise pulumi.RunError(f"{stack} is broken")
pulumi.export("stack", stack)
"""
"""A program that waits while a test wants it to, and fails where the test says so."""


def until(condition: Callable[[], object], what: str, every: float = 0.02) -> None:
    """Look every so many seconds for a condition; fail the test if it never comes true."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"it never came true: {what}"
        time.sleep(every)


@dataclass(frozen=True)
class Ran:
    """How a command line ended."""

    code: int
    stdout: str
    stderr: str

    @cached_property
    def stacks(self) -> dict[str, dict[str, Any]]:
        """What `--json` told, by stack."""
        (key, stacks), *others = json.loads(self.stdout).items()
        assert (key, others) == ("stacks", [])
        return stacks  # type: ignore[no-any-return]

    @property
    def statuses(self) -> dict[str, str]:
        """The stacks' ends in one word each."""
        return {name: stack["status"] for name, stack in self.stacks.items()}


@dataclass(frozen=True)
class Rollout:
    """`python -m rollout` in a project, with what `sandbox env` sets, or outside of a sandbox."""

    project: Project
    outside: Mapping[str, str] | None = None

    def run(self, *args: str, code: int | None = 0, **variables: str) -> Ran:
        """Run it to its end; another exit code than `code` fails the test."""
        with self.started(*args, **variables) as running:
            ran = running.ended()
        assert code is None or ran.code == code, f"{args} ended with {ran.code}:\n{ran}"
        return ran

    @contextmanager
    def started(self, *args: str, **variables: str) -> Iterator["Running"]:
        """Start it, and kill it at the end if it is still there."""
        with self._started(args, variables, subprocess.DEVNULL) as running:
            yield running

    @contextmanager
    def asking(self, *args: str) -> Iterator[tuple["Running", Callable[[str], None]]]:
        """Start it where somebody can be asked, and give what types an answer."""
        keyboard, terminal = pty.openpty()
        try:
            with self._started(args, {}, terminal) as running:
                yield running, lambda text: _type(keyboard, text)
        finally:
            os.close(keyboard)
            os.close(terminal)

    @contextmanager
    def _started(
        self, args: Sequence[str], variables: Mapping[str, str], stdin: int
    ) -> Iterator["Running"]:
        sandbox = self.project.sandbox
        made = self.outside or for_process(environment(sandbox.folder, sandbox.running, None))
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "rollout", *args],
                cwd=self.project.root,
                env={**made, "PYTHONPATH": str(CHECKOUT), **variables},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
            )
            try:
                yield Running(process, stdout, stderr)
            finally:
                for pid in family(process.pid):
                    kill(pid)
                process.wait()

    def file(self, name: str) -> Path:
        """Return a file by which the test and `HOLDING` talk."""
        return self.project.root / name

    def journal(self) -> list[dict[str, Any]]:
        """Return what the journal says."""
        file = self.file(".rollout/up.jsonl")
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def noted(self, event: str) -> list[str]:
        """Return the stacks of which the journal notes an event."""
        return [entry["stack"] for entry in self.journal() if entry.get("event") == event]

    def locks(self, stack: str) -> list[Path]:
        """Return the locks of a stack in the backend."""
        return list(self.lock_folder(stack).glob("*.json"))

    def lock_folder(self, stack: str) -> Path:
        """Return where the backend keeps the locks of a stack."""
        state = self.project.sandbox.folder.state
        return state / ".pulumi" / "locks" / "organization" / self.project.name / stack

    def state_file(self, stack: str) -> Path:
        """Return where the backend keeps the state of a stack."""
        state = self.project.sandbox.folder.state
        return state / ".pulumi" / "stacks" / self.project.name / f"{stack}.json"


@dataclass(frozen=True)
class Running:
    """A command line that runs."""

    process: "subprocess.Popen[bytes]"
    _stdout: Any
    _stderr: Any

    def says(self, text: str) -> None:
        """Wait until it has said something on standard error."""
        until(lambda: text in self._read(self._stderr), f"it says {text!r}")

    def ended(self) -> Ran:
        """Wait for its end."""
        code = self.process.wait(DEADLINE_SECONDS)
        return Ran(code, self._read(self._stdout), self._read(self._stderr))

    @staticmethod
    def _read(file: Any) -> str:
        return os.pread(file.fileno(), 1 << 20, 0).decode()


def _type(keyboard: int, text: str) -> None:
    os.write(keyboard, f"{text}\n".encode())


def family(pid: int) -> list[int]:
    """Return a process and all its descendants, as Linux tells them."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def kill(pid: int) -> None:
    """Kill one process, if it is there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def plain_cli(project: Project, backend: Path) -> Mapping[str, str]:
    """Return an environment with the sandbox's AWS, the plain CLI and a backend of its own.

    The sandbox's CLI makes stacks by itself, and has salts of its own for them.
    """
    sandbox = project.sandbox
    made = environment(sandbox.folder, sandbox.running, None)
    others = (p for p in made["PATH"].split(os.pathsep) if Path(p) != SHIM)
    backend.mkdir(exist_ok=True)
    return for_process(
        {
            **made,
            "PATH": os.pathsep.join([str(Path(made["SANDBOX_PULUMI"]).parent), *others]),
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        }
    )


def guarded(**config: object) -> Mapping[str, object]:
    """Return a stack's config with an account that is allowed."""
    return {"aws:allowedAccountIds": ["111111111111"], **config}


MakeFleet = Callable[..., Rollout]
_NUMBERS: Final = itertools.count(1)


def named(project: Project) -> Project:
    """Give a project a name of its own, since its stacks have names that others have too."""
    name = f"runs-{os.getpid()}-{next(_NUMBERS)}"
    file = project.root / "Pulumi.yaml"
    file.write_text(file.read_text().replace(f"name: {project.name}\n", f"name: {name}\n"))
    return replace(project, name=name)


def fleet_of(project: Project, *names: str, waves: str | None = None) -> Rollout:
    """Make stacks of these names and, if given, a `rollout.yaml`."""
    rollout = Rollout(named(project))
    for name in names:
        rollout.project.stack(guarded(), name=name)
    if waves is not None:
        rollout.file("rollout.yaml").write_text(waves)
    return rollout
