"""What changes of who may do what, between two states of a stack: pure, from documents alone.

``to_json`` gives schema version 1::

    {"version": 1, "stack": "prod", "wider": 1, "narrower": 0, "identities": [{
        "name": "circleci-deploy", "kind": "user" | "role",
        "change": "created" | "removed" | "replaced" | "changed",
        "lines": [{"verdict": "wider" | "narrower" | "none", "text": "gains ..."}],
        "permissions": DIFFERENCE, "trust": DIFFERENCE,
        "accessKeys": {"added": ["2026-11"], "removed": []},
        "permissionsBoundary": {"before": null, "after": "arn:..."}}]}

    DIFFERENCE: {"gained": [PERMISSION], "lost": [...], "absorbed": [...], "kept": [...]}
    PERMISSION: {"effect": "Allow" | "Deny", "action": CHOICE, "resource": CHOICE,
        "conditions": [{"operator": "StringLike", "key": "s3:prefix", "values": ["builds/*"]}]}
    CHOICE: {"values": ["s3:GetObject"], "allBut": false}

``wider`` and ``narrower`` count lines. What the lists of a DIFFERENCE mean is said at
``Difference``; in ``trust`` a resource is the principal, ``Federated arn:...``. Fields may be added
within a version, none is taken away or changes its meaning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from components.aws.limits import Kind
from components.policy.document import PolicyDocument
from rollout.access.change import NO_DIFFERENCE, Difference, difference
from rollout.access.permissions import permissions
from rollout.access.trust import admissions
from rollout.access.trust_words import trust_lines
from rollout.access.words import Line, Verdict, change_lines

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class Access:
    """One identity's access at one time. Keys are known by their labels, never by a secret.

    ``documents`` are the inline and managed policies by name, ``boundary`` is an ARN.
    """

    kind: Kind
    documents: Mapping[str, PolicyDocument] = field(default_factory=dict)
    trust: PolicyDocument | None = None
    boundary: str | None = None
    access_keys: frozenset[str] = frozenset()


class Fate(Enum):
    """What becomes of an identity."""

    CREATED = "created"
    REMOVED = "removed"
    REPLACED = "replaced"
    CHANGED = "changed"


@dataclass(frozen=True)
class IdentityDiff:
    """What changes for one identity, as sets and in words."""

    name: str
    kind: Kind
    fate: Fate
    lines: tuple[Line, ...]
    permissions: Difference = NO_DIFFERENCE
    trust: Difference = NO_DIFFERENCE
    keys_added: frozenset[str] = frozenset()
    keys_removed: frozenset[str] = frozenset()
    boundary: tuple[str | None, str | None] = (None, None)

    def count(self, verdict: Verdict) -> int:
        """Lines of one verdict."""
        return sum(line.verdict is verdict for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """One of ``identities`` in the schema."""
        return {
            "name": self.name,
            "kind": self.kind,
            "change": self.fate.value,
            "lines": [{"verdict": line.verdict.value, "text": line.text} for line in self.lines],
            "permissions": self.permissions.to_json(),
            "trust": self.trust.to_json(),
            "accessKeys": {"added": sorted(self.keys_added), "removed": sorted(self.keys_removed)},
            "permissionsBoundary": dict(zip(("before", "after"), self.boundary, strict=True)),
        }


@dataclass(frozen=True)
class StackDiff:
    """What changes in one stack: the identities that change, by name."""

    stack: str
    identities: tuple[IdentityDiff, ...] = ()

    @property
    def wider(self) -> int:
        """Changes after which more is allowed, or may be."""
        return sum(one.count(Verdict.WIDER) for one in self.identities)

    @property
    def narrower(self) -> int:
        """Changes after which less is allowed."""
        return sum(one.count(Verdict.NARROWER) for one in self.identities)

    def to_json(self) -> dict[str, Any]:
        """The whole diff in the schema of this module's docstring."""
        return {
            "version": SCHEMA_VERSION,
            "stack": self.stack,
            "wider": self.wider,
            "narrower": self.narrower,
            "identities": [one.to_json() for one in self.identities],
        }


def identity_diff(
    name: str, before: Access | None, after: Access | None, *, is_replaced: bool = False
) -> IdentityDiff:
    """Compare two states of one identity; None: it is not there.

    A document that cannot be read is said, and counts as wider: it has to be looked at.

    Raises:
        ValueError: It is there at neither time.
    """
    some = after or before
    if some is None:
        raise ValueError(f"{name} is there neither before nor after")
    old, new = before or Access(some.kind), after or Access(some.kind)
    fate = _fate(before, after, is_replaced=is_replaced)
    lines: list[Line] = [*_fate_lines(fate, old, new)]
    changed = in_trust = NO_DIFFERENCE
    try:
        changed = difference(permissions(old.documents), permissions(new.documents))
        lines += change_lines(changed)
    except ValueError as error:
        lines.append(Line(Verdict.WIDER, f"has a policy that cannot be compared: {error}"))
    try:
        trusted, trusts = admissions(old.trust), admissions(new.trust)
        in_trust = difference(trusted, trusts)
        lines += trust_lines(trusted, trusts, in_trust)
    except ValueError as error:
        lines.append(Line(Verdict.WIDER, f"has a trust that cannot be compared: {error}"))
    return IdentityDiff(
        name,
        some.kind,
        fate,
        (*lines, *_boundary_lines(old, new, fate), *_key_lines(old, new)),
        changed,
        in_trust,
        new.access_keys - old.access_keys,
        old.access_keys - new.access_keys,
        (old.boundary, new.boundary),
    )


def _fate(before: Access | None, after: Access | None, *, is_replaced: bool) -> Fate:
    if before is None:
        return Fate.CREATED
    if after is None:
        return Fate.REMOVED
    return Fate.REPLACED if is_replaced or before.kind != after.kind else Fate.CHANGED


def _fate_lines(fate: Fate, old: Access, new: Access) -> Iterator[Line]:
    if fate is Fate.CREATED:
        yield Line(Verdict.NONE, f"is a new {new.kind}")
    elif fate is Fate.REMOVED:
        yield Line(Verdict.NONE, f"is removed, a {old.kind}")
    elif fate is Fate.REPLACED:
        kinds = "" if old.kind == new.kind else f", a {old.kind} becomes a {new.kind}"
        keys = "; its access keys are made anew" if old.access_keys & new.access_keys else ""
        yield Line(Verdict.NONE, f"is replaced{kinds}{keys}")


def _boundary_lines(old: Access, new: Access, fate: Fate) -> Iterator[Line]:
    if old.boundary == new.boundary or fate is Fate.REMOVED:
        return
    if old.boundary is None:
        verdict = Verdict.NONE if fate is Fate.CREATED else Verdict.NARROWER
        yield Line(verdict, f"is bounded by {new.boundary}")
    elif new.boundary is None:
        yield Line(Verdict.WIDER, f"is no longer bounded by {old.boundary}")
    else:
        # What a boundary allows is not in the stack: it may be more.
        yield Line(Verdict.WIDER, f"is bounded by {new.boundary}, no longer by {old.boundary}")


def _key_lines(old: Access, new: Access) -> Iterator[Line]:
    for label in sorted(new.access_keys - old.access_keys):
        yield Line(Verdict.NONE, f"gets access key {label}")
    for label in sorted(old.access_keys - new.access_keys):
        yield Line(Verdict.NONE, f"loses access key {label}")
