"""The worker processes. Each runs one task at a time, and many tasks in sequence.

A process that runs one program at a time can't mix up the config, secrets, outputs and errors of
two stacks. Threads of one process can: the SDK keeps a run's state in context variables with a
default for the whole process, so that code on another thread (`threading.Thread`, an executor) gets
the stack, project and engine of whichever run started last. `bench` measures that processes cost no
more time than threads.

Each worker is in a session of its own, so that a Ctrl-C in the terminal reaches only the rollout,
which decides what happens to the stacks in progress. Tasks and replies go over a pipe of their own:
what a program prints is kept for error messages, and can't be taken for a reply.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path
from typing import Final, Self

from rollout.execution.task import Reply, Task

_CODE: Final = Path(__file__).resolve().parents[2]
"""The folder that `rollout` is imported from."""
_LAST_LINES: Final = 5
INTERRUPTED: Final = "cancelled: interrupted"
"""The error of a stack whose operation an interrupt ended."""


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let processes that are started here get an interrupt only when they unblock it.

    Otherwise one that comes while a worker imports the SDK ends it with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class WorkerError(Exception):
    """A worker process ended before its task did; the text holds what it printed last."""


class Worker:
    def __init__(self, root: Path) -> None:
        """Start the process in the project's folder; it imports the SDK right away."""
        paths = [str(_CODE), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        self._pipe, theirs = Pipe()
        with theirs, _interrupts_held():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rollout.execution.worker", str(theirs.fileno())],
                cwd=root,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=self._printed,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._is_interrupted = False
        self.is_spent = False
        """Whether a task failed: the engine has ended, but its program may still run."""

    def run(self, task: Task, on_progress: Callable[[str], None]) -> Reply:
        """Run a task.

        Raises:
            WorkerError: the process ended before the task did.
        """
        with contextlib.suppress(OSError):  # if it has ended, there is nothing to receive either
            self._pipe.send(task)
        while not isinstance(message := self._receive(), Reply):
            on_progress(message)
        self.is_spent = message.result.error is not None and message.lock is None
        return message

    def _receive(self) -> str | Reply:
        try:
            message: str | Reply = self._pipe.recv()
        except (EOFError, OSError):
            raise WorkerError(self._last_words()) from None
        return message

    def interrupt(self) -> None:
        """Make the engine cancel: it ends pending calls and writes the state."""
        self._is_interrupted = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)

    def dismiss(self) -> None:
        """Make the process end after its task."""
        self._pipe.close()

    def close(self) -> None:
        self.dismiss()
        self._process.wait()
        self._printed.close()

    def _last_words(self) -> str:
        self.dismiss()
        code = self._process.wait()
        if code == 0 and self._is_interrupted:  # it started no engine
            return INTERRUPTED
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        self._printed.seek(0)
        printed = self._printed.read().decode(errors="replace").strip().splitlines()
        return "\n".join([f"the worker process ended {how}", *printed[-_LAST_LINES:]])


class Pool:
    """The workers of a project, one for each stack that runs in parallel."""

    def __init__(self, root: Path) -> None:
        """Make a pool, without workers yet."""
        self._root = root
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._busy: set[Worker] = set()
        self._lock = threading.Lock()
        self._is_interrupted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Make all workers end, and wait for them."""
        workers = []
        while not self._idle.empty():
            workers.append(self._idle.get())
        for worker in workers:
            worker.dismiss()
        for worker in workers:
            worker.close()

    def start(self, number: int) -> None:
        """Start workers before there are tasks for them."""
        for _ in range(number):
            self._idle.put(Worker(self._root))

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Lend a worker; a spent or dead one is not used again."""
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = Worker(self._root)
        with self._lock:
            self._busy.add(worker)
            if self._is_interrupted:
                worker.interrupt()
        try:
            yield worker
        except BaseException:
            worker.close()
            raise
        else:
            if worker.is_spent:
                worker.close()
            else:
                self._idle.put(worker)
        finally:
            with self._lock:
                self._busy.discard(worker)

    def interrupt(self) -> None:
        """Interrupt all busy workers, and those that get a task later."""
        with self._lock:
            self._is_interrupted = True
            for worker in self._busy:
                worker.interrupt()
