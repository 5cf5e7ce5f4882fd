"""What a preview would change of access, from the engine's events.

The process that runs the stack compares it, and sends it to the rollout.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from pulumi.automation.events import EngineEvent, StepEventStateMetadata

from components.aws.limits import Kind
from rollout.access.by_hand import Reading, drift, with_removed
from rollout.access.diff import NOTHING_ANEW, Access, Fate, IdentityDiff, effects, identity_diff
from rollout.access.preview_states import (
    TYPES,
    Resource,
    Values,
    exclusive,
    made_anew,
    new_keys,
)
from rollout.access.preview_states import after as states_after
from rollout.access.preview_states import before as states_before
from rollout.access.sentences import Line, Verdict

_STEPS: Final = frozenset({"same", "create", "update", "replace", "delete", "import"})
"""Steps that show a resource's last state; others are parts of a replacement, or only read."""


class PreviewAccess:
    """Collects the resources of a preview of one stack from its events."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._state: dict[str, Resource] = {}
        """As the state was before a refresh."""
        self._deleted: set[str] = set()

    def on_event(self, event: EngineEvent) -> None:
        if event.resource_pre_event is None:
            return
        step = event.resource_pre_event.metadata
        if step.op.value == "delete-replaced":
            self._deleted.add(step.urn)
        some = step.new or step.old
        # An earlier replacement left it to be deleted: nobody has used it since.
        is_left_over = step.old is not None and step.old.delete
        if some is None or step.type not in TYPES:
            return
        if step.op.value == "refresh" and not is_left_over:
            name, parent = _name(step.urn), _name(some.parent)
            old = _values(step.old, outputs=True)
            self._state[step.urn] = Resource(step.type, name, parent, old)
        if step.op.value not in _STEPS or (is_left_over and step.new is None):
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

    @property
    def exclusive(self) -> dict[str, Kind]:
        """The kinds of the deployed identities that lose what was added by hand, by name."""
        some = exclusive(self._resources.values())
        deployed = states_before(self._resources.values())
        return {name: access.kind for name, access in deployed.items() if name in some}

    @property
    def in_state(self) -> dict[str, Kind]:
        """The kinds of all identities in the state before the refresh, by name."""
        return {name: access.kind for name, access in states_before(self._state.values()).items()}

    def diff(self, found: Mapping[str, Reading]) -> tuple[IdentityDiff, ...]:
        """Return the identities that change, by name. Call it after the preview has ended.

        Args:
            found: what AWS has of the `exclusive` ones.
        """
        resources = [*self._resources.values()]
        return with_removed(preview_diff(resources), resources, found)

    def drift(self, found: Mapping[str, Reading]) -> tuple[IdentityDiff, ...]:
        """Return the identities that were changed by hand, by name, after a refreshing preview.

        Args:
            found: what AWS has of those `in_state`.
        """
        return drift([*self._state.values()], found)


def preview_diff(resources: Iterable[Resource]) -> tuple[IdentityDiff, ...]:
    everything = list(resources)
    old, new = states_before(everything), states_after(everything)
    anew = made_anew(everything)
    diffs = (
        identity_diff(name, old.get(name), new.get(name), anew.get(name, NOTHING_ANEW))
        for name in sorted({*old, *new})
    )
    return tuple(_with_successors((diff for diff in diffs if diff.lines), old, new))


def _with_successors(
    changed: Iterable[IdentityDiff], before: Mapping[str, Access], after: Mapping[str, Access]
) -> Iterator[IdentityDiff]:
    """Tell of each removed identity which new one of the same kind and access replaces it.

    To IAM, another name is another identity.
    """
    found = list(changed)
    new = [one for one in found if one.fate is Fate.CREATED]
    for one in found:
        old = before.get(one.name)
        heir = None
        if one.fate is Fate.REMOVED and old is not None:
            heir = next((some for some in new if _is_heir(some, old, after[some.name])), None)
        if heir is None or old is None:
            yield one
            continue
        new.remove(heir)
        felt = effects(gap=True, keys=bool(old.access_keys), arn=True)
        line = Line(Verdict.BREAKS, f"is replaced by {heir.name}{felt}")
        yield replace(one, fate=Fate.REPLACED, lines=(line, *one.lines[1:]))


def _is_heir(heir: IdentityDiff, old: Access, new: Access) -> bool:
    if heir.kind != old.kind:
        return False
    change = identity_diff(heir.name, old, new)
    return not change.permissions and not change.trust and old.elsewhere == new.elsewhere


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _values(state: StepEventStateMetadata | None, *, outputs: bool) -> Values | None:
    if state is None:
        return None
    if not outputs:
        return state.inputs or {}
    return {**(state.inputs or {}), **(state.outputs or {}), "id": state.id}
