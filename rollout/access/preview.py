"""What a preview would change of access, from the engine's events.

The process that runs the stack compares it, and sends it to the rollout.
"""

from collections.abc import Iterable
from typing import Final

from pulumi.automation.events import EngineEvent, StepEventStateMetadata

from rollout.access.diff import NOTHING_ANEW, IdentityDiff, identity_diff
from rollout.access.preview_states import TYPES, Resource, Values, made_anew, new_keys
from rollout.access.preview_states import after as states_after
from rollout.access.preview_states import before as states_before

_STEPS: Final = frozenset({"same", "create", "update", "replace", "delete", "import"})
"""Steps that show a resource's last state; others are parts of a replacement, or only read."""


class PreviewAccess:
    """Collects the resources of a preview of one stack from its events."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._deleted: set[str] = set()

    def on_event(self, event: EngineEvent) -> None:
        if event.resource_pre_event is None:
            return
        step = event.resource_pre_event.metadata
        if step.op.value == "delete-replaced":
            self._deleted.add(step.urn)
        some = step.new or step.old
        # An earlier replacement left it to be deleted: nobody has used it since.
        is_left_over = step.new is None and step.old is not None and step.old.delete
        if some is None or step.type not in TYPES or step.op.value not in _STEPS or is_left_over:
            return
        self._resources[step.urn] = Resource(
            step.type,
            _name(step.urn),
            _name(some.parent),
            _values(step.old, outputs=True),
            _values(step.new, outputs=False),
            replaced=step.op.value == "replace",
            deleted_first=step.urn in self._deleted,
        )

    def new_keys(self) -> dict[str, list[str]]:
        """Return the labels of the access keys that are made, by their users that exist."""
        return new_keys(self._resources.values())

    def diff(self) -> tuple[IdentityDiff, ...]:
        """Return the identities that change, by name. Call it after the preview has ended."""
        return preview_diff(self._resources.values())


def preview_diff(resources: Iterable[Resource]) -> tuple[IdentityDiff, ...]:
    everything = list(resources)
    old, new = states_before(everything), states_after(everything)
    anew = made_anew(everything)
    diffs = (
        identity_diff(name, old.get(name), new.get(name), anew.get(name, NOTHING_ANEW))
        for name in sorted({*old, *new})
    )
    return tuple(diff for diff in diffs if diff.lines)


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _values(state: StepEventStateMetadata | None, *, outputs: bool) -> Values | None:
    if state is None:
        return None
    return {**(state.inputs or {}), **((state.outputs or {}) if outputs else {})}
