"""What an entry of the stand-in's table says about one type of resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.standin.aws import Aws
from sandbox.standin.values import Values


@dataclass(frozen=True, kw_only=True)
class Input:
    """One property that a program may set."""

    kind: type = str
    required: bool = False
    default: Any = None
    """Filled in by check, where neither program nor autonaming gives one."""
    replaces: bool = False
    """AWS cannot change it: a change makes a new resource."""
    document: bool = False
    """A JSON policy, compared by what it means."""
    named_up_to: int | None = None
    """Autonamed from the resource's name, at most this long, where it is not set."""
    meaning: Callable[[Any], Any] = lambda value: value
    """Makes values alike that AWS does not tell apart."""
    computed: bool = False
    """Filled in by AWS where it is not set, so that leaving it out is no change."""
    fault: Callable[[Any], str | None] = lambda _: None
    """Returns what is wrong with a value, as the real provider's own check would."""


@dataclass(frozen=True)
class Created:
    """A new resource: its id, and what only its creation tells."""

    id: str
    once: Values = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One entry: the type's properties and its four calls.

    Every call gets plain values; `tagsAll` holds the tags to set, where the type has tags. `read`
    returns the properties as they are now, or None; it and `delete` may let AWS's answer that the
    resource is gone pass, which then counts as gone.
    """

    token: str
    title: str
    """As the real provider's messages call it: "IAM User"."""
    label: str
    """The property by which its messages name one."""
    inputs: Mapping[str, Input]
    outputs: tuple[str, ...] = ()
    """Properties which AWS fills in, unknown in a preview."""
    secrets: frozenset[str] = frozenset()
    tagged: bool = False
    create: Callable[[Aws, Values], Created]
    read: Callable[[Aws, str, Values], Values | None]
    update: Callable[[Aws, str, Values, Values], None]
    delete: Callable[[Aws, str, Values], None]

    def computed(self) -> tuple[str, ...]:
        """Return what a preview of a new resource cannot know."""
        return (*self.outputs, *(n for n, spec in self.inputs.items() if spec.computed))


def no_update(_aws: Aws, id_: str, _old: Values, _new: Values) -> None:
    """Stand for the update of a type whose every property replaces it."""
    raise AssertionError(f"{id_} has nothing to update in place")
