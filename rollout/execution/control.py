"""Ctrl-C and SIGTERM: how a rollout stops without leaving a stack half done.

After a first Ctrl-C nothing new is started and the stacks under way are finished. After a second
one, or SIGTERM (which a CI system sends shortly before it kills), the engine cancels them: calls
under way end, the state is written, the lock is given back.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_LOOK_EVERY_SECONDS = 0.1


class Control:
    """What signals have come; the main thread looks at it, since a handler must do next to nothing.

    `signal` is the first one, None while there was none.
    """

    def __init__(self, *, patient: bool) -> None:
        """Make one; `patient` lets the stacks under way end after a first Ctrl-C."""
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
        """Take signals from here on, until the block ends."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(one, self._handle) for one in signals]
        try:
            yield
        finally:
            for one, handler in zip(signals, before, strict=True):
                signal.signal(one, handler)

    def look(self, cancel: Callable[[], None], say: Callable[[str], None]) -> None:
        """Act on signals that came since the last look."""
        if self._came == self._seen:
            return
        is_first, self._seen = self._seen == 0, self._came
        if is_first and self._came == 1 and self._patient and self.signal == signal.SIGINT:
            say("Interrupted: no stack is started, those under way are finished.")
            say("Again, and the engine cancels them.")
            return
        say("Interrupted: the engine cancels the stacks under way.")
        cancel()

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until a signal comes."""
        end = time.monotonic() + seconds
        while not self.stopping and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_EVERY_SECONDS))

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._came += 1
        self.signal = self.signal or number
