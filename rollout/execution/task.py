"""What a worker is asked to do with one stack; it travels as a line of JSON."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self


class Command(StrEnum):
    """What is done with a stack."""

    PREVIEW = "preview"
    UP = "up"
    DRIFT = "drift"
    DESTROY = "destroy"
    CANCEL = "cancel"
    """Remove the lock that a dead run left."""


@dataclass(frozen=True)
class Cli:
    """The Pulumi CLI to run."""

    path: str
    version: str


@dataclass(frozen=True)
class Task:
    """One operation on one stack.

    `plan` is the file of the engine's plan: preview writes it, up keeps to it. `accounts` are those
    that the stack's file allows. With `spare_protected` a destroy leaves what is protected.
    `cut_short` is when a run of the stack began here that was cut short, if one was.
    """

    command: Command
    stack: str
    root: str
    cli: Cli
    plan: str | None = None
    accounts: tuple[str, ...] = ()
    spare_protected: bool = False
    cut_short: str | None = None

    def to_line(self) -> str:
        """The task as a line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of_line(cls, line: str) -> Self:
        """Read what `to_line` wrote."""
        values = json.loads(line)
        return cls(
            **{
                **values,
                "command": Command(values["command"]),
                "cli": Cli(**values["cli"]),
                "accounts": tuple(values["accounts"]),
            },
        )
