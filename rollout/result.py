"""What became of each stack, as the program's own values and as the JSON of `--json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class Exit(IntEnum):
    """Exit codes of `rollout`; after a signal it is 128 and the signal's number, as in a shell."""

    DONE = 0
    FAILED = 1
    """A stack failed or was not reached; or the rollout could not start."""
    CHANGES = 2
    """With `--exit-code`: nothing failed, and preview or drift found changes."""
    WIDER = 3
    """With `--fail-on-wider`: nothing failed, and the preview would give somebody more access."""
    BREAKS = 4
    """With `--fail-on-breaks`: nothing failed, and what the preview tells may stop jobs."""


class Status(StrEnum):
    """How a stack ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DONE_BEFORE = "done before"
    """By the rollout that this one resumes."""
    NOT_REACHED = "not reached"
    NOT_DEPLOYED = "not deployed"
    """Of a look for drift: there is a file, and nothing in the state."""


@dataclass(frozen=True, order=True)
class Step:
    """One resource of a provider that changes: the engine's word for it, its type and name."""

    op: str
    type: str
    name: str


@dataclass(frozen=True)
class Result:
    """How one stack ended.

    `changes` counts resources by the engine's words (create, update, delete, replace, ...), those
    that stay the same left out. `error` says why a stack failed or was not reached. `steps` are the
    changes one by one. `access` is what a preview would change of who may do what, in the schema of
    `rollout.access.diff`; None where there was no preview, or it failed. `warnings` are the
    program's and the engine's, such as of a trust that lets every project in.
    """

    status: Status
    changes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    steps: Sequence[Step] = ()
    access: Mapping[str, Any] | None = None
    warnings: Sequence[str] = ()

    @property
    def done(self) -> bool:
        """Whether the stack is as wished, by this run or an earlier one."""
        return self.status is not Status.FAILED and self.error is None

    @property
    def differs(self) -> bool:
        """Whether something was found to change: a stack that is not deployed lacks everything."""
        return bool(self.changes) or self.status is Status.NOT_DEPLOYED

    def to_json(self) -> dict[str, Any]:
        """One value of "stacks" in what `--json` prints; what else there is to tell only then."""
        told: dict[str, Any] = {
            "status": self.status.value,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 1),
            "error": self.error,
        }
        if self.access is not None:
            told["access"] = self.access
        if self.warnings:
            told["warnings"] = list(self.warnings)
        return told


def failed(error: str, seconds: float = 0.0) -> Result:
    """Return the result of a stack that failed before the engine changed anything."""
    return Result(Status.FAILED, seconds=seconds, error=error)


def skipped(why: str | None) -> Result:
    """Return the result of a stack that was not started; without a reason it was done before."""
    return Result(Status.NOT_REACHED if why else Status.DONE_BEFORE, error=why)


@dataclass(frozen=True)
class Report:
    """What became of all stacks of a run, in its order; and the signal that ended it, if any.

    `accounts` are those that the stacks' files name, by stack. `removed_files` are the stacks'
    files that were deleted since the commit that `--changed-since` names.
    """

    results: Mapping[str, Result]
    signal: int | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    removed_files: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints; what else there is to tell only then."""
        told: dict[str, Any] = {
            "stacks": {name: result.to_json() for name, result in self.results.items()}
        }
        if self.removed_files:
            told["removedFiles"] = list(self.removed_files)
        return told

    def exit_code(
        self,
        *,
        tell_changes: bool = False,
        fail_on_wider: bool = False,
        fail_on_breaks: bool = False,
    ) -> int:
        """Return the exit code of the run; `tell_changes` is the option `--exit-code`."""
        if self.signal is not None:
            return 128 + self.signal
        if not all(result.done for result in self.results.values()):
            return Exit.FAILED
        accesses = [result.access for result in self.results.values() if result.access]
        if fail_on_breaks and any(access["breaks"] for access in accesses):
            return Exit.BREAKS
        if fail_on_wider and any(access["wider"] for access in accesses):
            return Exit.WIDER
        if tell_changes and any(result.differs for result in self.results.values()):
            return Exit.CHANGES
        return Exit.DONE
