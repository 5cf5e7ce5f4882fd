"""Collects the engine's events of one operation into a result."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Final

from pulumi.automation.events import DiagnosticEvent, EngineEvent, StepEventMetadata

from rollout.execution.engine_words import error_text, plain
from rollout.result import Result, Status, Step

_SAME: Final = frozenset({"same", "read", "read-replacement", "refresh", "discard"})
"""Steps that change nothing."""
_PARTS: Final = frozenset({"create-replacement", "delete-replaced", "discard-replaced"})
"""Parts of a replacement; the replacement itself is reported as one step."""
_FILE: Final = re.compile(r"^Pulumi\.[\w.-]+\.yaml: ")
"""The stack's file at the start of a warning: left out, as the stack is shown beside it."""


class Observer:
    def __init__(self, on_progress: Callable[[str], None]) -> None:
        self._on_progress = on_progress
        self._errors: list[str] = []
        self._warnings: list[str] = []
        self._steps: dict[str, Step] = {}
        """The completed changes of providers' resources, by URN; components are not counted."""
        self.makes_stack = False
        """Whether the stack's own resource is created: then its state was empty."""

    def on_event(self, event: EngineEvent) -> None:
        if event.diagnostic_event is not None:
            self._on_diagnostic(event.diagnostic_event)
        elif event.resource_pre_event is not None:
            metadata = event.resource_pre_event.metadata
            is_new = metadata.op.value == "create"
            self.makes_stack |= is_new and metadata.type == "pulumi:pulumi:Stack"
            if (step := _step(metadata)) is not None:
                self._on_progress(f"{step.op} {step.name}")
        elif event.res_outputs_event is not None:
            metadata = event.res_outputs_event.metadata
            if (step := _step(metadata)) is not None:
                self._steps[metadata.urn] = step

    def result(self, words: str | None, seconds: float) -> Result:
        """Return the result of the operation.

        Args:
            words: what the engine printed if it failed; None if it succeeded.
            seconds: how long it took.
        """
        steps = self._steps.values()
        return Result(
            Status.SUCCEEDED if words is None else Status.FAILED,
            changes=dict(sorted(Counter(step.op for step in steps).items())),
            seconds=seconds,
            error=None if words is None else error_text(self._errors, words),
            steps=tuple(sorted(steps)),
            warnings=tuple(self._warnings),
        )

    def _on_diagnostic(self, event: DiagnosticEvent) -> None:
        if event.severity == "warning":
            self._warnings.append(_FILE.sub("", plain(event.message)))
        if event.severity != "error":
            return
        about = event.urn.rsplit("::", 1)[-1] if event.urn else ""
        text = plain(event.message)
        self._errors.append(f"{about}: {text}" if about and about not in text else text)


def _step(step: StepEventMetadata) -> Step | None:
    """Return the change of a provider's resource; None for any other step."""
    op, name = step.op.value, step.urn.rsplit("::", 1)[-1]
    state = step.new or step.old
    is_real = state is not None and state.custom and not step.type.startswith("pulumi:")
    if not is_real or op in _SAME | _PARTS:
        return None
    return Step(op, step.type, name)
