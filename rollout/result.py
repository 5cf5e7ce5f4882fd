"""How each stack ended, as values and as the JSON of `--json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from rollout.access.diff import IdentityDiff, access_json
from rollout.access.sentences import Verdict


class Exit(IntEnum):
    """Exit codes of `rollout`; after a signal it is 128 plus the signal's number, as in a shell."""

    DONE = 0
    FAILED = 1
    """A stack failed or was not reached; or the rollout could not start."""
    CHANGES = 2
    """With `--exit-code`: nothing failed, and preview or drift found changes."""
    WIDER = 3
    """With `--fail-on-wider`: nothing failed, and somebody would get more access."""
    BREAKS = 4
    """With `--fail-on-breaks`: nothing failed, and a change may stop jobs."""


class Status(StrEnum):
    """How a stack ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DONE_BEFORE = "done before"
    """The rollout that this one resumes did it."""
    NOT_REACHED = "not reached"
    NOT_DEPLOYED = "not deployed"
    """Drift found no resource of the stack in the state."""


@dataclass(frozen=True, order=True)
class Step:
    """A change of one resource of a provider: the engine's word for it, its type and name."""

    op: str
    type: str
    name: str


@dataclass(frozen=True)
class Result:
    """How one stack ended.

    `changes` counts the resources that change by the engine's words (create, update, delete,
    replace, ...). `error` says why a stack failed or was not reached. `steps` are the changes one
    by one. `access` are the identities whose access a preview would change, or drift found changed
    by hand; None where there was neither, or it failed. `warnings` come from the program and the
    engine, such as of a trust that lets every project in.
    """

    status: Status
    changes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None
    steps: Sequence[Step] = ()
    access: tuple[IdentityDiff, ...] | None = None
    warnings: Sequence[str] = ()

    @property
    def done(self) -> bool:
        """Whether the stack is as its file says, by this run or an earlier one."""
        return self.status is not Status.FAILED and self.error is None

    @property
    def differs(self) -> bool:
        """Whether there is something to change; a stack that is not deployed lacks everything."""
        return bool(self.changes or self.access) or self.status is Status.NOT_DEPLOYED

    def count(self, verdict: Verdict) -> int:
        return sum(one.count(verdict) for one in self.access or ())

    def to_json(self, stack: str) -> dict[str, Any]:
        """The stack's value in "stacks" of `--json`; empty parts that are optional are left out."""
        told: dict[str, Any] = {
            "status": self.status.value,
            "changes": dict(self.changes),
            "seconds": round(self.seconds, 1),
            "error": self.error,
        }
        if self.access is not None:
            told["access"] = access_json(stack, self.access)
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
    """The results of all stacks of a run, in its order, and the signal that ended it, if any.

    `accounts` are those that the stacks' files name, by stack. `removed_files` are the stack files
    that were deleted since the commit that `--changed-since` names.
    """

    results: Mapping[str, Result]
    signal: int | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    removed_files: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints; empty parts that are optional are left out."""
        told: dict[str, Any] = {
            "stacks": {name: result.to_json(name) for name, result in self.results.items()}
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
        """Return the exit code of the run; `tell_changes` stands for the option `--exit-code`."""
        if self.signal is not None:
            return 128 + self.signal
        if not all(result.done for result in self.results.values()):
            return Exit.FAILED
        for asked, verdict, code in (
            (fail_on_breaks, Verdict.BREAKS, Exit.BREAKS),
            (fail_on_wider, Verdict.WIDER, Exit.WIDER),
        ):
            if asked and any(result.count(verdict) for result in self.results.values()):
                return code
        if tell_changes and any(result.differs for result in self.results.values()):
            return Exit.CHANGES
        return Exit.DONE
