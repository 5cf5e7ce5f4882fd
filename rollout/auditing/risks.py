"""What an audit finds: a table of weaknesses, the worst first, and one risk of an identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal


class Level(Enum):
    """How bad a weakness is. What can't be judged may be anything."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


class Weakness(Enum):
    """What is wrong, the worst first; the values stand in the JSON."""

    NO_SUBJECT = "no-subject"
    CRAFTED_BRANCH = "crafted-branch"
    ANY_PROJECT = "any-project"
    OTHER_AUDIENCE = "other-audience"
    EVERY_BUCKET = "every-bucket"
    UNUSED_KEY = "unused-key"
    OLD_KEY = "old-key"
    CRAFTED_ORIGIN = "crafted-origin"
    NO_AUDIENCE = "no-audience"
    PROVIDER_AUDIENCES = "provider-audiences"
    NO_PROVIDER = "no-provider"
    EVERY_ACTION = "every-action"
    TWO_KEYS = "two-keys"
    NOT_JUDGED = "not-judged"

    @property
    def level(self) -> Level:
        """How bad it is."""
        return next(level for level, last in _LAST if self.rank <= last.rank)

    @property
    def rank(self) -> int:
        """Its place in the order."""
        return list(Weakness).index(self)


_LAST: Final = (
    (Level.HIGH, Weakness.CRAFTED_BRANCH),
    (Level.MEDIUM, Weakness.OLD_KEY),
    (Level.LOW, Weakness.TWO_KEYS),
    (Level.UNKNOWN, Weakness.NOT_JUDGED),
)
"""The last weakness of each level."""

Subject = Literal["role", "user", "provider"]


@dataclass(frozen=True)
class Risk:
    """One weakness of a role, a user or an OIDC provider.

    `entry` is a request that is let in, as the evaluator decides: claims of a token, or an action
    and a resource. `instead` is what the stack's file would say of the identity.
    """

    weakness: Weakness
    kind: Subject
    name: str
    text: str
    entry: Mapping[str, str] | None = None
    instead: Mapping[str, Any] | None = None

    @property
    def order(self) -> tuple[object, ...]:
        """The worst first."""
        return (self.weakness.rank, self.kind, self.name, self.text)
