"""The difference between two sets of rules."""

from dataclasses import dataclass, fields
from typing import Any, Final

from components.iam.cover import Covering, reduced
from components.iam.rules import Rule


@dataclass(frozen=True)
class Difference:
    """The change between two sets, both reduced.

    ``gained`` rules are new, ``lost`` rules are gone. ``absorbed`` rules are now covered by a wider
    rule; ``kept`` rules were covered by a wider rule before. Allow and Deny are compared
    separately: a gained Allow counts even if a Deny overrides it.
    """

    gained: frozenset[Rule] = frozenset()
    lost: frozenset[Rule] = frozenset()
    absorbed: frozenset[Rule] = frozenset()
    kept: frozenset[Rule] = frozenset()

    def apply(self, before: frozenset[Rule]) -> frozenset[Rule]:
        """The reduced set after the change, from the set before it."""
        return (reduced(before) - self.lost - self.absorbed) | self.gained | self.kept

    def __bool__(self) -> bool:
        """Whether anything is gained or lost. Different spellings of the same rules are equal."""
        return bool(self.gained or self.lost)

    def to_json(self) -> dict[str, Any]:
        """Each set as a sorted list, by its name."""
        return {
            part.name: [
                one.to_json() for one in sorted(getattr(self, part.name), key=lambda one: one.order)
            ]
            for part in fields(self)
        }


NO_DIFFERENCE: Final = Difference()


def difference(before: frozenset[Rule], after: frozenset[Rule]) -> Difference:
    """Compare two sets of rules by what they mean."""
    old, new = reduced(before), reduced(after)
    in_old, in_new = Covering(old), Covering(new)
    added, removed = new - old, old - new
    kept = frozenset(one for one in added if any(in_old.of(one)))
    absorbed = frozenset(one for one in removed if any(in_new.of(one)))
    return Difference(added - kept, removed - absorbed, absorbed, kept)
