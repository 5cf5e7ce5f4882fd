"""What somebody changed by hand: identities as AWS has them, against those of the stack.

"By hand" means by anyone or anything but this stack's program.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from components.aws.limits import SESSION_SECONDS
from components.iam.difference import NO_DIFFERENCE, Difference, difference
from components.iam.document import PolicyDocument
from components.iam.rules import rules
from rollout.access.diff import Access, Fate, IdentityDiff, identity_diff
from rollout.access.preview_states import (
    ROLE,
    USER,
    Resource,
    exclusive,
    key_labels,
    managed_policies,
)
from rollout.access.preview_states import after as states_after
from rollout.access.preview_states import before as states_before
from rollout.access.sentences import Line, Verdict, change_lines
from rollout.deployed.model import Deployed, DeployedRole, DeployedUser

Reading = Deployed | str | None
"""What AWS has of an identity: None if it is gone; a text says why it can't be read."""

_MADE_AGAIN: Final = (
    "was deleted and made again by hand: policies of others that named it no longer mean it"
)
_UNREAD: Final = "can't be read, so what was done to it by hand is unknown"


def drift(state: Sequence[Resource], found: Mapping[str, Reading]) -> tuple[IdentityDiff, ...]:
    """Compare a stack's state with what AWS has, by the identities' names."""
    labels, made = key_labels(state), managed_policies(state)
    identities = [one.old or {} for one in state if one.type in {USER, ROLE}]
    ids = {one.get("name"): one.get("uniqueId") for one in identities}
    diffs = (
        _made_again(_identity_drift(name, access, found[name], labels, made), found[name], ids)
        for name, access in sorted(_with_all_tags(state).items())
    )
    return tuple(one for one in diffs if one.lines)


def _with_all_tags(state: Sequence[Resource]) -> dict[str, Access]:
    """The identities in the state, with the tags that the provider adds to those of the program."""
    accesses = states_before(state)
    for one in state:
        name, tags = (one.old or {}).get("name"), (one.old or {}).get("tagsAll")
        if name in accesses and one.type.endswith((":User", ":Role")) and isinstance(tags, Mapping):
            accesses[name] = replace(accesses[name], tags=tags)
    return accesses


def _identity_drift(
    name: str,
    state: Access,
    found: Reading,
    labels: Mapping[str, str],
    made: Mapping[str, str],
) -> IdentityDiff:
    if isinstance(found, str):
        return _unread(name, state, f"{_UNREAD}: {found}")
    if found is None:
        gone = identity_diff(name, state, None)
        head = Line(Verdict.BREAKS, "was deleted by hand")
        return replace(gone, lines=(head, *gone.lines[1:]))
    now = deployed_access(found, state, made)
    diff = identity_diff(name, state, now)
    lines = [*diff.lines, *_policy_lines(state, now), *_unknown_lines(found, made)]
    if isinstance(found, DeployedUser):
        lost = state.access_keys - {labels.get(key.id) for key in found.keys}
        diff = replace(diff, keys_removed=lost)
        lines += [
            Line(Verdict.BREAKS, f"access key {label} was deleted by hand")
            for label in sorted(lost)
        ]
        lines += _user_lines(found, labels)
    return replace(diff, lines=_breaks_first(lines))


def _made_again(diff: IdentityDiff, found: Reading, ids: Mapping[object, object]) -> IdentityDiff:
    if found is None or isinstance(found, str) or ids.get(diff.name) in {None, "", found.id}:
        return diff
    return replace(diff, lines=(Line(Verdict.BREAKS, _MADE_AGAIN), *diff.lines))


def _unread(name: str, access: Access, text: str) -> IdentityDiff:
    return IdentityDiff(name, access.kind, Fate.CHANGED, (Line(Verdict.WIDER, text),))


def deployed_access(found: Deployed, state: Access, made: Mapping[str, str]) -> Access:
    """What AWS has, with the access keys of the state: they have sentences of their own.

    Args:
        found: the identity as AWS has it.
        state: what it is compared with.
        made: the names of the stack's managed policies by their ARNs.
    """
    names = {made[arn] for arn in found.attached if arn in made}
    documents: dict[str, PolicyDocument | None] = {
        # An inline policy may have the name of a managed one.
        f"{name} (inline)" if name in names else name: document
        for name, document in found.inline.items()
    }
    elsewhere = set()
    for arn, document in found.attached.items():
        if document is not None:
            documents[made.get(arn, arn)] = document
        elif arn in made:
            documents[made[arn]] = state.documents.get(made[arn])
        else:
            elsewhere.add(arn)
    return replace(
        access_of(found, documents),
        access_keys=state.access_keys,
        elsewhere=frozenset(elsewhere),
    )


def access_of(found: Deployed, documents: Mapping[str, PolicyDocument | None]) -> Access:
    """What AWS has of an identity, with these documents and without access keys."""
    role = found if isinstance(found, DeployedRole) else None
    return Access(
        found.KIND,
        documents,
        trust=role.trust if role else None,
        boundary=found.boundary,
        path=found.path,
        session_seconds=role.max_session_seconds if role else SESSION_SECONDS[0],
        tags=found.tags,
    )


def _policy_lines(state: Access, now: Access) -> Iterator[Line]:
    """Which policies were touched, whether or not that changes what is allowed."""
    for name in sorted({*state.documents, *now.documents}):
        if name not in state.documents:
            yield Line(Verdict.NONE, f"policy '{name}' was added by hand")
        elif name not in now.documents:
            yield Line(Verdict.NONE, f"policy '{name}' was taken away by hand")
        elif _meaning(state.documents[name]) != _meaning(now.documents[name]):
            yield Line(Verdict.NONE, f"policy '{name}' was changed by hand")


def _meaning(document: PolicyDocument | None) -> object:
    if document is None:
        return None
    try:
        return frozenset(rules({"": document}))
    except ValueError:
        return document


def _unknown_lines(found: Deployed, made: Mapping[str, str]) -> Iterator[Line]:
    for arn, document in found.attached.items():
        if document is None and arn in made:
            text = f"policy '{made[arn]}' {_UNREAD}"
            yield Line(Verdict.WIDER, text)


def _user_lines(user: DeployedUser, labels: Mapping[str, str]) -> Iterator[Line]:
    for key in user.keys:
        label = labels.get(key.id)
        if label is None:
            state = "" if key.active else " and is inactive"
            verdict = Verdict.WIDER if key.active else Verdict.NONE
            yield Line(verdict, f"has access key {key.id}, which was made by hand{state}")
        elif not key.active:
            yield Line(Verdict.BREAKS, f"access key {label} was made inactive by hand")
    for group in user.groups:
        what = "was put by hand into the group"
        yield Line(Verdict.WIDER, f"{what} '{group}', whose policies count for it too")
    if user.has_console_password:
        yield Line(Verdict.WIDER, "was given a console password by hand")


def with_removed(
    changed: Iterable[IdentityDiff], resources: Sequence[Resource], found: Mapping[str, Reading]
) -> tuple[IdentityDiff, ...]:
    """Add to a preview's changes what `up` takes away from exclusive identities.

    Args:
        changed: the changes of what the program makes.
        resources: those of the preview.
        found: what AWS has of the exclusive identities.
    """
    diffs = {one.name: one for one in changed}
    before, after = states_before(resources), states_after(resources)
    made = managed_policies(resources)
    for name in sorted(exclusive(resources) & found.keys() & after.keys()):
        reading, access = found[name], after[name]
        plain = diffs.get(name) or IdentityDiff(name, access.kind, Fate.CHANGED, ())
        if isinstance(reading, str):
            lost, lines = NO_DIFFERENCE, [*_unread(name, access, f"{_UNREAD}: {reading}").lines]
        elif reading is None:
            continue
        else:
            old = before.get(name, access)
            own = {*access.documents, *old.documents}
            managed = {arn for arn, policy in made.items() if policy in own}
            inline = own - {made[arn] for arn in managed}
            added: dict[str, PolicyDocument | None] = {
                policy: document
                for policy, document in reading.inline.items()
                if policy not in inline
            }
            foreign = reading.attached.keys() - managed - access.elsewhere - old.elsewhere
            added |= {arn: reading.attached[arn] for arn in sorted(foreign)}
            lost, lines = _removed(access, added)
        if lines:
            diffs[name] = replace(
                plain,
                lines=_breaks_first([*plain.lines, *lines]),
                permissions=_joined(plain.permissions, lost),
            )
    return tuple(diffs[name] for name in sorted(diffs))


def _removed(
    access: Access, added: Mapping[str, PolicyDocument | None]
) -> tuple[Difference, list[Line]]:
    """What the identity loses with the policies that were added, as a difference and in lines."""
    read = {name: document for name, document in added.items() if document is not None}
    lines = [
        Line(Verdict.NARROWER, f"loses policy '{name}' (added by hand); what it allows is unknown")
        for name in added
        if name not in read
    ]
    if not read:
        return NO_DIFFERENCE, lines
    noun = "policy" if len(read) == 1 else "policies"
    source = f"added by hand: {noun} {', '.join(map(repr, read))}"
    own = {name: document for name, document in access.documents.items() if document is not None}
    try:
        change = difference(rules({**own, **read}), rules(own))
    except ValueError as error:
        text = f"loses what cannot be compared ({source}): {error}"
        return NO_DIFFERENCE, [Line(Verdict.NARROWER, text), *lines]
    told = [replace(line, text=f"{line.text} ({source})") for line in change_lines(change)]
    return change, [*(told or [Line(Verdict.NONE, f"loses no access ({source})")]), *lines]


def _joined(one: Difference, other: Difference) -> Difference:
    return Difference(
        one.gained | other.gained,
        one.lost | other.lost,
        one.absorbed | other.absorbed,
        one.kept | other.kept,
    )


def _breaks_first(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: line.verdict is not Verdict.BREAKS))
