"""What changes between two states of a stack, for tests: from documents, without a preview."""

from collections.abc import Iterable, Mapping

from rollout.access.diff import NOTHING_ANEW, Access, IdentityDiff, MadeAnew, identity_diff


def sentences(diff: Iterable[IdentityDiff]) -> list[str]:
    return [f"{one.name} {line}" for one in diff for line in one.lines]


def stack_diff(
    before: Mapping[str, Access],
    after: Mapping[str, Access],
    anew: MadeAnew = NOTHING_ANEW,
) -> tuple[IdentityDiff, ...]:
    diffs = (
        identity_diff(name, before.get(name), after.get(name), anew)
        for name in sorted({*before, *after})
    )
    return tuple(one for one in diffs if one.lines)
