"""What the rollout asks of a worker, and what the worker replies; both are sent as pickles."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rollout.execution.lock import Lock
from rollout.result import Result
from tools.toolchain import Cli


class Operation(StrEnum):
    PREVIEW = "preview"
    UP = "up"
    DRIFT = "drift"
    DESTROY = "destroy"
    ADOPT = "adopt"
    """Import what exists, and change nothing in AWS."""
    CANCEL = "cancel"
    """Remove a stale lock."""

    @property
    def changes_stacks(self) -> bool:
        """Whether it goes in waves, and a first Ctrl-C lets it finish."""
        return self in {Operation.UP, Operation.DESTROY, Operation.ADOPT}


@dataclass(frozen=True)
class Task:
    """One operation on one stack.

    `plan` is the file of the engine's plan: preview writes it, up is held to it. `imports` is the
    engine's import file: preview writes it, adopt imports what is in it. `accounts` are the
    accounts that the stack's file allows. With `spare_protected`, destroy keeps protected
    resources. With `refresh`, preview and up first read from AWS what is deployed. `cut_short` is
    the time when an earlier run of the stack on this machine began that was cut short.
    `moved_from` is the account of an earlier deployment, if the file no longer allows it: up then
    looks into the state before the engine starts.
    """

    operation: Operation
    stack: str
    root: str
    cli: Cli
    plan: str | None = None
    imports: str | None = None
    accounts: tuple[str, ...] = ()
    spare_protected: bool = False
    refresh: bool = False
    cut_short: datetime | None = None
    moved_from: str | None = None


@dataclass(frozen=True)
class Reply:
    """How a task ended; `lock` is the one that kept it from running."""

    result: Result
    lock: Lock | None = None
