"""What makes one set of permissions into another."""

from dataclasses import dataclass, fields
from typing import Any, Final

from rollout.access.cover import Covering, reduced
from rollout.access.permissions import Permission


@dataclass(frozen=True)
class Difference:
    """The change between two sets, both reduced.

    ``gained`` was in no way there before, ``lost`` is in no way there now. ``absorbed`` was there
    and still is, inside something wider; ``kept`` is there and was before, inside something wider.
    Allow and Deny are compared each by itself: an Allow that is gained counts, even where a Deny
    takes it away again.
    """

    gained: frozenset[Permission] = frozenset()
    lost: frozenset[Permission] = frozenset()
    absorbed: frozenset[Permission] = frozenset()
    kept: frozenset[Permission] = frozenset()

    def apply(self, before: frozenset[Permission]) -> frozenset[Permission]:
        """The reduced set after the change, from the set before it."""
        return (reduced(before) - self.lost - self.absorbed) | self.gained | self.kept

    def __bool__(self) -> bool:
        """Whether anything is gained or lost; another spelling of the same is no change."""
        return bool(self.gained or self.lost)

    def to_json(self) -> dict[str, Any]:
        """Each set as a list in a stable order, by its name."""
        return {
            part.name: [
                one.to_json() for one in sorted(getattr(self, part.name), key=lambda one: one.order)
            ]
            for part in fields(self)
        }


NO_DIFFERENCE: Final = Difference()


def difference(before: frozenset[Permission], after: frozenset[Permission]) -> Difference:
    """Compare two sets of permissions by what they mean."""
    old, new = reduced(before), reduced(after)
    in_old, in_new = Covering(old), Covering(new)
    added, removed = new - old, old - new
    kept = frozenset(one for one in added if any(in_old.of(one)))
    absorbed = frozenset(one for one in removed if any(in_new.of(one)))
    return Difference(added - kept, removed - absorbed, absorbed, kept)
