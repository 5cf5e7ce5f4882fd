"""A batch of stacks. Stacks in a batch run in parallel; batches run in sequence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Batch:
    """Stacks that run in parallel, and what their failures stop.

    After `stop_after` failures no other stack is started. If it is None, the other stacks of the
    batch are still started, and any failure stops the batches after it.
    """

    name: str
    stacks: tuple[str, ...]
    parallel: int
    stop_after: int | None = None
    pause: float = 0.0
