"""The stack traces that Pulumi's SDK stores with each resource."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_FRAMES: Final = 7
"""Six of the SDK's frames, which it leaves out itself, and the one that creates the resource."""
_DEFAULT: Final = 1000
"""Python's own limit."""


@contextmanager
def short_stack_traces() -> Iterator[None]:
    """Leave the frames of the language host and of Python out of the state.

    They take more than half of each resource and contain paths of the machine. The engine writes
    the whole state after each step, so they also take half the time of a large stack. The limit
    applies to every traceback of the process, so it is set only while resources are created.
    """
    before = getattr(sys, "tracebacklimit", _DEFAULT)
    sys.tracebacklimit = _FRAMES
    try:
        yield
    finally:
        sys.tracebacklimit = before
