"""A user's keys as they are: in the stack's file, in its state, in AWS and in their places."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from components.settings.model import AccessKey, Delivery
from rollout.deployed.model import DeployedKey


@dataclass(frozen=True)
class Held:
    """A key of the stack's state; `changed` is when the state last changed it."""

    id: str
    changed: datetime | None = None


@dataclass(frozen=True)
class Delivered:
    """A place that the current key belongs in, and when it was last written; None is never.

    `unknown` says why that can't be told.
    """

    place: Delivery
    at: datetime | None = None
    unknown: str | None = None

    @property
    def by_program(self) -> bool:
        """Whether `up` writes to it, and not the rollout."""
        return self.place.circleci_context is None


@dataclass(frozen=True)
class UserKeys:
    """The keys of one user.

    `labels` are those in the stack's file, `held` the keys of the state by their labels; None if
    the stack was never deployed. `output` is the id in the stack's outputs. `instead` names roles
    that are used and may do the same.
    """

    stack: str
    name: str
    account: str
    labels: tuple[AccessKey, ...] = ()
    keys: tuple[DeployedKey, ...] = ()
    held: Mapping[str, Held] | None = None
    output: str | None = None
    deliveries: tuple[Delivered, ...] = ()
    instead: str | None = None

    def __str__(self) -> str:
        """Name it in messages."""
        return f"{self.stack}: {self.name}"

    def label_of(self, key: DeployedKey) -> str | None:
        """Return a key's label; None if it was not made by the stack."""
        held = self.held or {}
        return next((label for label, one in held.items() if one.id == key.id), None)

    def key(self, label: str | None) -> DeployedKey | None:
        """Return the key of a label, if it is in AWS."""
        held = (self.held or {}).get(label or "")
        return next((key for key in self.keys if held is not None and key.id == held.id), None)

    @property
    def current(self) -> str | None:
        """The label of the key that jobs are to have."""
        return next((key.label for key in reversed(self.labels) if key.active), None)

    @property
    def other(self) -> AccessKey | None:
        """The label beside the current one."""
        return next((key for key in self.labels if key.label != self.current), None)

    @property
    def switches_off(self) -> bool:
        """Whether the file has a label that is off, and its key is active."""
        key = self.key(self.other.label) if self.other else None
        return key is not None and key.active and self.other is not None and not self.other.active

    @property
    def lost(self) -> tuple[str, ...]:
        """Labels of the state that the file no longer has."""
        written = {key.label for key in self.labels}
        return tuple(label for label in self.held or () if label not in written)

    @property
    def strays(self) -> tuple[DeployedKey, ...]:
        """Keys in AWS that the stack did not make."""
        return tuple(key for key in self.keys if self.label_of(key) is None)

    @property
    def delivered(self) -> datetime | None:
        """When the current key was in all its places; None if it is not, or has none."""
        current = self.key(self.current)
        times = [one.at for one in self.deliveries]
        known = [at for at in times if at is not None and current and at >= current.created]
        return max(known) if known and len(known) == len(times) else None


def ends(key: DeployedKey) -> str:
    """Name a key; a whole id contains the account's id."""
    return f"…{key.id[-4:]}"
