"""What changes between two states of a stack, for tests: from documents, without a preview."""

from collections.abc import Mapping

from rollout.access.diff import NOTHING_ANEW, Access, MadeAnew, StackDiff, identity_diff
from rollout.access.words import COUNTED, Verdict

_SUFFIX = {verdict: f" ({verdict.name})" for verdict in COUNTED} | {Verdict.NONE: ""}


def sentences(diff: StackDiff) -> list[str]:
    return [
        f"{one.name} {line.text}{_SUFFIX[line.verdict]}"
        for one in diff.identities
        for line in one.lines
    ]


def stack_diff(
    stack: str,
    before: Mapping[str, Access],
    after: Mapping[str, Access],
    anew: MadeAnew = NOTHING_ANEW,
) -> StackDiff:
    diffs = (
        identity_diff(name, before.get(name), after.get(name), anew)
        for name in sorted({*before, *after})
    )
    return StackDiff(stack, tuple(one for one in diffs if one.lines))
