"""What a preview would change of access, from the engine's own events.

It is compared in the process that runs the stack, and goes from there as the JSON of
`rollout.access.diff`.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from pulumi.automation.events import EngineEvent, StepEventStateMetadata

from components.policy.document import PolicyDocument
from components.policy.trust import provider_arn, trust_document
from components.settings import Role, SettingsError
from components.settings.stack_file import read
from rollout.access.diff import Access, IdentityDiff, StackDiff, identity_diff
from rollout.access.preview_states import (
    KEY,
    ROLE,
    TYPES,
    USER,
    Resource,
    State,
    Values,
    label_of,
    owner_of,
)
from rollout.access.preview_states import after as states_after
from rollout.access.preview_states import before as states_before
from rollout.access.words import Line, Verdict

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

    def on_event(self, event: EngineEvent) -> None:
        """Take in one event."""
        if event.resource_pre_event is None:
            return
        step = event.resource_pre_event.metadata
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
    """Compare the identities of a preview's resources, before and after.

    What stays unknown is taken to stay as it is, and counts as wider: it has to be looked at.
    """
    everything = list(resources)
    old, new = states_before(everything), states_after(everything)
    made_anew = _made_anew(everything)
    diffs: list[IdentityDiff] = []
    for name in sorted({*old, *new}):
        was, will = old.get(name), new.get(name)
        notes = [*_elsewhere(was, will), *_keys_made_anew(everything, name, made_anew)]
        if will is not None:
            notes += _filled(name, was, will, trusts)
        diff = identity_diff(name, _access(was), _access(will), is_replaced=name in made_anew)
        if diff.lines or notes:
            diffs.append(replace(diff, lines=(*diff.lines, *notes)))
    return StackDiff(stack, tuple(diffs))


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _values(state: StepEventStateMetadata | None, *, outputs: bool) -> Values | None:
    if state is None:
        return None
    return {**(state.inputs or {}), **((state.outputs or {}) if outputs else {})}


def _made_anew(resources: Iterable[Resource]) -> frozenset[str]:
    """The names of identities that are deleted and made anew."""
    return frozenset(
        str((one.old or {}).get("name"))
        for one in resources
        if one.replaced and one.type in {USER, ROLE}
    )


def _keys_made_anew(
    resources: Iterable[Resource], name: str, made_anew: frozenset[str]
) -> Iterator[Line]:
    if name in made_anew:
        return  # it is said of the identity
    for one in resources:
        if one.type == KEY and one.replaced and owner_of(one, one.new or {}) == name:
            yield Line(Verdict.NONE, f"gets access key {label_of(one)} anew")


def _elsewhere(was: State | None, will: State | None) -> Iterator[Line]:
    old, new = (state.elsewhere if state else set() for state in (was, will))
    for arn in sorted(new - old):
        yield Line(Verdict.WIDER, f"also gets the policy {arn}, which this stack doesn't make")
    for arn in sorted(old - new):
        yield Line(Verdict.NARROWER, f"no longer gets the policy {arn}")


def _filled(name: str, was: State | None, will: State, trusts: Trusts) -> Iterator[Line]:
    """Put in what is not known, as far as it can be told, and tell the rest."""
    for policy in [policy for policy, document in will.documents.items() if document is None]:
        will.documents[policy] = was.documents.get(policy) if was else None
        yield Line(Verdict.WIDER, f"has a policy {policy} that is known only after up")
    if will.kind == "role" and will.trust is None:
        will.trust = trusts(name)
        if will.trust is None:
            will.trust = was.trust if was else None
            yield Line(Verdict.WIDER, "trust: is known only after up")


def _access(state: State | None) -> Access | None:
    if state is None:
        return None
    known: Mapping[str, PolicyDocument] = {
        name: document for name, document in state.documents.items() if document is not None
    }
    return Access(state.kind, known, state.trust, state.boundary, frozenset(state.access_keys))
