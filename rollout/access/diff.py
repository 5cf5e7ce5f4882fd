"""What changes of who may do what between two states of a stack, from the policy documents alone.

docs/access.md has the schema of ``access_json``, version 1, with an example. A version may get more
fields; no field is removed or changes its meaning.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from components.aws.limits import SESSION_SECONDS, Kind
from components.iam.cover import may_meet
from components.iam.difference import NO_DIFFERENCE, Difference, difference
from components.iam.document import Effect, PolicyDocument
from components.iam.rules import Rule, rules
from rollout.access.sentences import COUNTED, Line, Verdict, change_lines
from rollout.access.trust_forms import normal_admissions
from rollout.access.trust_sentences import trust_lines

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class Access:
    """One identity's access at one time.

    ``documents`` are the inline and managed policies by name; None is a policy that is not known.
    A role's ``trust`` of None is not known either. ``elsewhere`` are the ARNs of attached policies
    that the stack doesn't make, ``boundary`` is the ARN of the permissions boundary.
    ``access_keys`` are labels, never secrets, and ``inactive_keys`` those of them that are off.
    """

    kind: Kind
    documents: Mapping[str, PolicyDocument | None] = field(default_factory=dict)
    trust: PolicyDocument | None = None
    boundary: str | None = None
    access_keys: frozenset[str] = frozenset()
    inactive_keys: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    path: str = "/"
    session_seconds: int = SESSION_SECONDS[0]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MadeAnew:
    """What of an identity the engine replaces: itself, its keys by label, its policies by name.

    ``gap`` says that the identity is deleted before the new one is created. ``policies`` are only
    those that are deleted first.
    """

    identity: bool = False
    gap: bool = False
    keys: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()


NOTHING_ANEW: Final = MadeAnew()


class Fate(Enum):
    """What happens to an identity as a whole."""

    CREATED = "created"
    REMOVED = "removed"
    REPLACED = "replaced"
    CHANGED = "changed"

    @property
    def stays(self) -> bool:
        """Whether it exists both before and after."""
        return self in {Fate.REPLACED, Fate.CHANGED}


@dataclass(frozen=True)
class IdentityDiff:
    """What changes for one identity: as sets for ``--json``, and in words."""

    name: str
    kind: Kind
    fate: Fate
    lines: tuple[Line, ...]
    permissions: Difference = NO_DIFFERENCE
    trust: Difference = NO_DIFFERENCE
    keys_added: frozenset[str] = frozenset()
    keys_removed: frozenset[str] = frozenset()
    keys_replaced: frozenset[str] = frozenset()
    boundary: tuple[str | None, str | None] = (None, None)

    def count(self, verdict: Verdict) -> int:
        return sum(line.verdict is verdict for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "change": self.fate.value,
            "lines": [{"verdict": line.verdict.value, "text": line.text} for line in self.lines],
            "permissions": self.permissions.to_json(),
            "trust": self.trust.to_json(),
            "accessKeys": {
                "added": sorted(self.keys_added),
                "removed": sorted(self.keys_removed),
                "replaced": sorted(self.keys_replaced),
            },
            "permissionsBoundary": dict(zip(("before", "after"), self.boundary, strict=True)),
        }


def access_json(stack: str, changed: Sequence[IdentityDiff]) -> dict[str, Any]:
    """A stack's changes, as `--json` has them beside its result."""
    return {
        "version": SCHEMA_VERSION,
        "stack": stack,
        **{verdict.value: sum(one.count(verdict) for one in changed) for verdict in COUNTED},
        "replaced": sum(one.fate is Fate.REPLACED for one in changed),
        "identities": [one.to_json() for one in changed],
    }


def identity_diff(
    name: str, before: Access | None, after: Access | None, anew: MadeAnew = NOTHING_ANEW
) -> IdentityDiff:
    """Compare two states of one identity; None means that it doesn't exist.

    A document that can't be read or isn't known yet gets a line with the verdict ``WIDER``, so that
    somebody looks at it. Otherwise what isn't known counts as unchanged.

    Raises:
        ValueError: It exists neither before nor after.
    """
    some = after or before
    if some is None:
        raise ValueError(f"{name} is there neither before nor after")
    old, new = before or Access(some.kind), after or Access(some.kind)
    fate = _fate(before, after, anew)
    changed, of_access = _permission_change(old, new, fate)
    in_trust, of_trust = _trust_change(old, new, fate)
    lines = [*_fate_lines(fate, old, new, anew), *of_access, *of_trust]
    if fate.stays:
        lines += [*_session_lines(old, new), *_tag_lines(old, new)]
    lines += [*_boundary_lines(old, new, fate), *_key_lines(old, new, fate, anew)]
    return IdentityDiff(
        name,
        some.kind,
        fate,
        tuple(sorted(lines, key=lambda line: line.verdict is not Verdict.BREAKS)),
        changed,
        in_trust,
        new.access_keys - old.access_keys,
        old.access_keys - new.access_keys,
        anew.keys & old.access_keys & new.access_keys,
        (old.boundary, new.boundary),
    )


def _fate(before: Access | None, after: Access | None, anew: MadeAnew) -> Fate:
    if before is None:
        return Fate.CREATED
    if after is None:
        return Fate.REMOVED
    return Fate.REPLACED if anew.identity or before.kind != after.kind else Fate.CHANGED


def _fate_lines(fate: Fate, old: Access, new: Access, anew: MadeAnew) -> Iterator[Line]:
    if fate is Fate.CREATED:
        yield Line(Verdict.NONE, f"is a new {new.kind}")
    elif fate is Fate.REMOVED:
        yield Line(Verdict.BREAKS, f"was a {old.kind} and is removed")
    elif fate is Fate.REPLACED:
        kinds = "" if old.kind == new.kind else f", a {old.kind} becomes a {new.kind}"
        is_moved = (old.kind, old.path) != (new.kind, new.path)
        felt = effects(gap=anew.gap, keys=bool(old.access_keys & new.access_keys), arn=is_moved)
        yield Line(Verdict.BREAKS, f"is replaced{kinds}{felt}")
    elif old.path != new.path:
        yield Line(Verdict.BREAKS, f"gets another ARN: its path is {new.path}, before {old.path}")
    if fate is Fate.CHANGED:
        for policy in sorted(anew.policies & old.documents.keys() & new.documents.keys()):
            what = "is deleted and created again: what it allows is missing for a while"
            yield Line(Verdict.BREAKS, f"policy {policy} {what}")


def effects(*, gap: bool, keys: bool, arn: bool) -> str:
    """Say what jobs feel of a replacement."""
    facts = (
        (gap, "access is gone for a while"),
        (keys, "its keys are new"),
        (arn, "its ARN is new"),
    )
    told = [words for holds, words in facts if holds]
    return f": {_all(told)}" if told else ""


def _permission_change(old: Access, new: Access, fate: Fate) -> tuple[Difference, list[Line]]:
    """What the policies allow and deny: the difference, and the lines that tell it."""
    others = list(_elsewhere_lines(old, new))
    unknown = [name for name, document in new.documents.items() if document is None]
    others += [
        Line(Verdict.WIDER, f"has a policy {name} that is known only after up") for name in unknown
    ]
    held = {**new.documents, **{name: old.documents.get(name) for name in unknown}}
    try:
        before, after = rules(_known(old.documents)), rules(_known(held))
    except ValueError as error:
        words = f"has a policy that cannot be compared: {error}"
        return NO_DIFFERENCE, [Line(Verdict.WIDER, words), *others]
    change = difference(before, after)
    is_sure = fate.stays and not unknown and not new.elsewhere
    if is_sure and change.lost and _is_all_lost(before, after):
        others.append(Line(Verdict.BREAKS, "loses all the access that it had"))
    return change, [*change_lines(change), *others]


def _trust_change(old: Access, new: Access, fate: Fate) -> tuple[Difference, list[Line]]:
    """Who may assume a role: the difference, and the lines that tell it."""
    others: list[Line] = []
    trust = new.trust
    if new.kind == "role" and trust is None and fate is not Fate.REMOVED:
        trust = old.trust
        others.append(Line(Verdict.WIDER, "trust: is known only after up"))
    try:
        before, after = normal_admissions(old.trust), normal_admissions(trust)
    except ValueError as error:
        words = f"has a trust that cannot be compared: {error}"
        return NO_DIFFERENCE, [Line(Verdict.WIDER, words), *others]
    change = difference(before, after)
    if fate.stays and new.kind == "role" and change.lost and _is_all_lost(before, after):
        others.append(Line(Verdict.BREAKS, "trust: no longer lets in any job that it let in"))
    return change, [*trust_lines(before, after, change), *others]


def _known(documents: Mapping[str, PolicyDocument | None]) -> dict[str, PolicyDocument]:
    return {name: document for name, document in documents.items() if document is not None}


def _is_all_lost(before: Iterable[Rule], after: Iterable[Rule]) -> bool:
    """Whether something was allowed, and certainly nothing of it is allowed now."""
    allowed = [one for one in before if one.effect is Effect.ALLOW]
    now = list(after)
    return bool(allowed) and not any(may_meet(one, other) for one in allowed for other in now)


def _elsewhere_lines(old: Access, new: Access) -> Iterator[Line]:
    for arn in sorted(new.elsewhere - old.elsewhere):
        yield Line(Verdict.WIDER, f"also gets the policy {arn}, which this stack doesn't make")
    for arn in sorted(old.elsewhere - new.elsewhere):
        yield Line(Verdict.NARROWER, f"no longer gets the policy {arn}")


def _session_lines(old: Access, new: Access) -> Iterator[Line]:
    was, will = old.session_seconds, new.session_seconds
    if was != will and old.kind == new.kind:
        verdict = Verdict.WIDER if will > was else Verdict.NARROWER
        yield Line(verdict, f"may be assumed for {will:,} seconds at a time, before {was:,}")


def _tag_lines(old: Access, new: Access) -> Iterator[Line]:
    """Changes of tags: policies outside the stack may test them."""
    told = [
        f"{key} is {_quoted(new.tags.get(key))}, before {_quoted(old.tags.get(key))}"
        for key in sorted({*old.tags, *new.tags})
        if old.tags.get(key) != new.tags.get(key)
    ]
    if told:
        what = "policies that test aws:PrincipalTag may allow more"
        yield Line(Verdict.WIDER, f"tags: {'; '.join(told)}: {what}")


def _quoted(tag: str | None) -> str:
    return "unset" if tag is None else f"'{tag}'"


def _boundary_lines(old: Access, new: Access, fate: Fate) -> Iterator[Line]:
    if old.boundary == new.boundary or fate is Fate.REMOVED:
        return
    if old.boundary is None:
        verdict = Verdict.NONE if fate is Fate.CREATED else Verdict.NARROWER
        yield Line(verdict, f"is bounded by {new.boundary}")
    elif new.boundary is None:
        yield Line(Verdict.WIDER, f"is no longer bounded by {old.boundary}")
    else:
        # The stack doesn't hold the boundary's document, so the new one may allow more.
        yield Line(Verdict.WIDER, f"is bounded by {new.boundary}, no longer by {old.boundary}")


def _key_lines(old: Access, new: Access, fate: Fate, anew: MadeAnew) -> Iterator[Line]:
    """Changes of access keys. They break jobs only where the line of the fate doesn't say so."""
    stay = (old.access_keys & new.access_keys) - anew.keys - old.inactive_keys - new.inactive_keys
    for label in sorted(new.access_keys - old.access_keys):
        off = ", inactive" if label in new.inactive_keys else ""
        yield Line(Verdict.NONE, f"gets access key {label}{off}")
    for label in sorted(old.access_keys - new.access_keys):
        if fate is Fate.CHANGED and not stay and label not in old.inactive_keys:
            yield Line(Verdict.BREAKS, f"loses access key {label}, and no other key stays")
        else:
            yield Line(Verdict.NONE, f"loses access key {label}")
    if fate is Fate.CHANGED:
        both = old.access_keys & new.access_keys
        for label in sorted(both & (new.inactive_keys - old.inactive_keys)):
            verdict, what = (
                (Verdict.NONE, "") if stay else (Verdict.BREAKS, ", and no other key is active")
            )
            yield Line(verdict, f"access key {label} becomes inactive{what}")
        for label in sorted(both & (old.inactive_keys - new.inactive_keys)):
            yield Line(Verdict.NONE, f"access key {label} becomes active again")
        for label in sorted(both & anew.keys):
            what = f"gets a new access key {label}: the old one no longer works"
            yield Line(Verdict.BREAKS, what)


def _all(parts: list[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
