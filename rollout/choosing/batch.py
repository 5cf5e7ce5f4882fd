"""Stacks that run at once: what a selection comes to, and what is run one after the other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Batch:
    """Stacks that run at once, and what follows from failures among them.

    `stop_after` failures stop all that has not started. Where it is None, no failure stops a
    stack of the same batch, and any failure stops the next batches.
    """

    name: str
    stacks: tuple[str, ...]
    parallel: int
    stop_after: int | None = None
    pause: float = 0.0
