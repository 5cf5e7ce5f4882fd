"""What changes between two states of a stack, for tests: from documents, without a preview."""

from collections.abc import Collection, Mapping

from rollout.access.diff import Access, StackDiff, identity_diff
from rollout.access.words import Verdict

_SUFFIX = {Verdict.WIDER: " (WIDER)", Verdict.NARROWER: " (NARROWER)", Verdict.NONE: ""}


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
    replaced: Collection[str] = (),
) -> StackDiff:
    diffs = (
        identity_diff(name, before.get(name), after.get(name), is_replaced=name in replaced)
        for name in sorted({*before, *after})
    )
    return StackDiff(stack, tuple(one for one in diffs if one.lines))
