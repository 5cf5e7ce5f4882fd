"""Ctrl-C and SIGTERM: stopping a rollout without leaving a stack half deployed.

After a first Ctrl-C no other stack is started, and the stacks in progress are finished. After a
second one, or SIGTERM (which a CI system sends shortly before it kills), the engine cancels them:
it ends the calls in progress, writes the state and releases the lock.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_LOOK_EVERY_SECONDS = 0.1


class Control:
    """The signals received. Handlers only record them; the main thread acts on them in `look`.

    `signal` is the first one, or None.
    """

    def __init__(self, *, patient: bool) -> None:
        """Make one; if `patient`, the stacks in progress are finished after a first Ctrl-C."""
        self.signal: int | None = None
        self._patient = patient
        self._came = 0
        self._seen = 0

    @property
    def stopping(self) -> bool:
        """Whether nothing new may be started."""
        return self.signal is not None

    @contextmanager
    def listening(self) -> Iterator[None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(one, self._handle) for one in signals]
        try:
            yield
        finally:
            for one, handler in zip(signals, before, strict=True):
                signal.signal(one, handler)

    def look(self, cancel: Callable[[], None], say: Callable[[str], None]) -> None:
        """Act on signals received since the last call."""
        if self._came == self._seen:
            return
        is_first, self._seen = self._seen == 0, self._came
        if is_first and self._came == 1 and self._patient and self.signal == signal.SIGINT:
            say("Interrupted: no more stacks are started; the running ones are finished.")
            say("Press Ctrl-C again to cancel the running ones.")
            return
        say("Interrupted: the engine cancels the running stacks.")
        cancel()

    def sleep(self, seconds: float) -> None:
        """Wait, until a signal is received at the longest."""
        end = time.monotonic() + seconds
        while not self.stopping and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_EVERY_SECONDS))

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._came += 1
        self.signal = self.signal or number
