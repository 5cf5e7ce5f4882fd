"""What a preview would change of access, from the engine's own events.

It is compared in the process that runs the stack, and goes from there as the JSON of
`rollout.access.diff`.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from pulumi.automation.events import EngineEvent, StepEventStateMetadata

from components.iam.document import PolicyDocument
from components.policy.trust import provider_arn, trust_document
from components.settings import Role, SettingsError
from components.settings.stack_file import read
from rollout.access.diff import NOTHING_ANEW, StackDiff, identity_diff
from rollout.access.preview_states import TYPES, Resource, Values, made_anew
from rollout.access.preview_states import after as states_after
from rollout.access.preview_states import before as states_before

_STEPS: Final = frozenset({"same", "create", "update", "replace", "delete", "import"})
"""Steps that end a resource's story; others are parts of a replacement, or read only."""

Trusts = Callable[[str], PolicyDocument | None]
"""A role's trust as the program plans it, by the role's name; None where that can't be told."""


class PreviewAccess:
    """Hears a preview's events, and tells what it would change."""

    def __init__(self, root: Path, stack: str) -> None:
        """Hear a preview of a stack of the project in `root`."""
        self._root = root
        self._stack = stack
        self._resources: dict[str, Resource] = {}
        self._deleted: set[str] = set()

    def on_event(self, event: EngineEvent) -> None:
        """Take in one event."""
        if event.resource_pre_event is None:
            return
        step = event.resource_pre_event.metadata
        if step.op.value == "delete-replaced":
            self._deleted.add(step.urn)
        some = step.new or step.old
        # What a replacement left to be deleted is gone already for whoever used it.
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

    def diff(self) -> StackDiff:
        """Return what would change, once the preview has ended."""
        trusts = partial(planned_trust, self._root, self._stack)
        return preview_diff(self._stack, self._resources.values(), trusts)


def planned_trust(root: Path, stack: str, name: str) -> PolicyDocument | None:
    """Return the trust that the program plans for a role whose OIDC provider is not made yet.

    Nothing of it depends on AWS but the provider's ARN, which follows from the account.
    """
    try:
        file = read(root, stack)
        role = file.settings().identities.get(name)
    except SettingsError:
        return None
    if not isinstance(role, Role) or file.account is None:
        return None
    provider = provider_arn(file.partition(os.environ), file.account, role.trust.organization)
    return trust_document(role.trust, provider)


def preview_diff(stack: str, resources: Iterable[Resource], trusts: Trusts) -> StackDiff:
    """Compare the identities of a preview's resources, before and after."""
    everything = list(resources)
    old, new = states_before(everything), states_after(everything)
    anew = made_anew(everything)
    diffs = []
    for name in sorted({*old, *new}):
        will = new.get(name)
        if will is not None and will.kind == "role" and will.trust is None:
            will = replace(will, trust=trusts(name))
        diffs.append(identity_diff(name, old.get(name), will, anew.get(name, NOTHING_ANEW)))
    return StackDiff(stack, tuple(diff for diff in diffs if diff.lines))


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _values(state: StepEventStateMetadata | None, *, outputs: bool) -> Values | None:
    if state is None:
        return None
    return {**(state.inputs or {}), **((state.outputs or {}) if outputs else {})}
