"""An adoption into one stack: its identities, and the stack's file before and after. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from components.aws.limits import Kind
from rollout.access.by_hand import access_of
from rollout.access.diff import IdentityDiff, identity_diff
from rollout.adopting.candidate import Candidate, Obstacle


@dataclass(frozen=True)
class Refused:
    """A name that can't be adopted, and why."""

    name: str
    reasons: tuple[Obstacle, ...]
    kind: Kind | None = None


@dataclass(frozen=True)
class Adoption:
    """An adoption into one stack.

    `before` and `after` are its file's text; `before` is None where there is no file yet.
    """

    stack: str
    path: Path
    account: str
    candidates: tuple[Candidate, ...] = ()
    refused: tuple[Refused, ...] = ()
    before: str | None = None
    after: str = ""
    tags: Mapping[str, str] | None = None

    def change(self, one: Candidate) -> IdentityDiff:
        """What the next `up` changes of an identity's access, as a preview tells it."""
        deployed = one.deployed
        before = access_of(deployed, {**deployed.inline, **deployed.attached})
        after = replace(
            before,
            documents=one.documents,
            trust=one.trust,
            tags={**(self.tags or {}), **deployed.tags},
        )
        return identity_diff(one.name, before, after)
