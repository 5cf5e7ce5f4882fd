"""Settles interrupted creates: from a state and from what AWS has, to the next state.

The engine writes a pending operation into the state before it creates a resource, and takes it out
when it knows how that ended. One that is still there was cut short: AWS may have done it or not.
"""

import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

KEY: Final = "aws:iam/accessKey:AccessKey"
NAMED: Final = frozenset(
    {
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/user:User",
        "aws:secretsmanager/secret:Secret",
        "aws:ssm/parameter:Parameter",
    }
)
"""Types whose create fails if the name is taken; AWS tells when they were created."""
PUT: Final = frozenset(
    {
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    }
)
"""Types whose create overwrites; AWS does not tell when they were created."""
AGAIN: Final = frozenset(
    {
        "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "aws:iam/userPoliciesExclusive:UserPoliciesExclusive",
        "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
        "aws:secretsmanager/secretVersion:SecretVersion",
    }
)
"""Types of which AWS has nothing, or versions: to create them again does the same."""

_SLACK: Final = timedelta(minutes=5)
"""Around the state's last write; AWS refuses calls of a clock that differs by more."""
_ROUNDING: Final = timedelta(seconds=2)
"""AWS tells times, its clock's too, in whole seconds."""
_REDONE: Final = frozenset({"updating", "deleting"})
"""Pending operations that the next update repeats, if the program still needs them."""


@dataclass(frozen=True)
class Pending:
    """A create that the engine did not see end: the resource as the state would have it."""

    resource: Mapping[str, Any]

    @property
    def urn(self) -> str:
        return str(self.resource["urn"])

    @property
    def type(self) -> str:
        return str(self.resource["type"])

    @property
    def inputs(self) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self.resource.get("inputs") or {}
        return inputs

    @property
    def is_in_aws(self) -> bool:
        """Whether AWS was asked for it: components and providers are the engine's own."""
        return bool(self.resource.get("custom")) and not self.type.startswith("pulumi:")

    def __str__(self) -> str:
        return f"{self.type.rsplit(':', 1)[-1]} {self.urn.rsplit('::', 1)[-1]}"


@dataclass(frozen=True)
class Existing:
    """What AWS has of a pending create's name, or one of a user's keys.

    `id` is what the provider imports it by; `mark` names it and nothing else in the world, as far
    as it can be named. `is_alike` tells whether it is as the program asked.
    """

    id: str
    mark: str
    created: datetime | None = None
    is_alike: bool = True


class Remedy(StrEnum):
    TAKE = "take"
    """AWS has done it: the state gets it."""
    DELETE = "delete"
    """AWS has made keys whose secrets nobody has."""
    CLEAR = "clear"
    """AWS has not done it, or the resource there is not ours."""
    LEAVE = "leave"
    """Unknown: nothing is changed."""


@dataclass(frozen=True)
class Settlement:
    """How one pending create is settled; `ids` are added to the state or deleted."""

    pending: Pending
    remedy: Remedy
    ids: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Window:
    """When the calls of the run that was cut short reached AWS, by AWS's clock."""

    begin: datetime
    end: datetime

    @classmethod
    def of(
        cls, last_write: datetime, began: datetime | None, ahead: timedelta = timedelta()
    ) -> "Window":
        """Reckon it from the time of the state's last write: the engine writes before each create.

        Args:
            last_write: when the state was last written.
            began: when the run began, where it is known.
            ahead: how far AWS's clock is ahead of this machine's.
        """
        begin = last_write - _SLACK if began is None or began > last_write else began - _ROUNDING
        return cls(begin + ahead, last_write + ahead + _SLACK)

    def __contains__(self, at: datetime | None) -> bool:
        """Say whether what was created then was created by that run."""
        return at is not None and self.begin <= at <= self.end


def is_unsettled(deployment: Mapping[str, Any]) -> bool:
    return bool(deployment.get("pending_operations"))


def pending_creates(deployment: Mapping[str, Any]) -> list[Pending]:
    operations = deployment.get("pending_operations") or ()
    return [Pending(one["resource"]) for one in operations if one["type"] == "creating"]


def held(deployment: Mapping[str, Any]) -> Iterator[str]:
    """Return the marks of what a state holds.

    A resource that is deleted first to be replaced stays in the state until its successor exists.
    """
    for resource in deployment.get("resources") or ():
        if not resource.get("pendingReplacement"):
            yield _mark(resource.get("outputs") or {}) or str(resource.get("id", ""))


def _mark(outputs: Mapping[str, Any]) -> str | None:
    """Return what names a resource that has more than its id; an attachment's may be any text."""
    if "policyArn" in outputs:
        return f"{outputs.get('user') or outputs.get('role')}/{outputs['policyArn']}"
    arn = outputs.get("arn")
    return arn if isinstance(arn, str) else None


def accounts(deployment: Mapping[str, Any]) -> set[str]:
    """Return the accounts that a state's resources are in, or may be in while there are none."""
    marks = [mark.split(":") for mark in held(deployment) if mark.startswith("arn:")]
    if marks:
        return {mark[4] for mark in marks}
    allowed: set[str] = set()
    for resource in deployment.get("resources") or ():
        if resource["type"] == "pulumi:providers:aws":
            inputs = resource.get("inputs") or {}
            allowed.update(map(str, json.loads(inputs.get("allowedAccountIds") or "[]")))
    return allowed


def settlements_of(
    pending: Sequence[Pending],
    found: Mapping[str, Sequence[Existing]],
    marks: Container[str],
    window: Window,
) -> list[Settlement]:
    """Decide how each pending create is settled.

    Args:
        pending: the pending creates of a state.
        found: by URN, what AWS has of that name; for a key, all keys of its user.
        marks: what this and other states hold.
        window: when the creates were called.
    """
    keys_of = Counter(one.inputs.get("user") for one in pending if one.type == KEY)
    seen: set[str] = set()
    settlements = []
    for one in pending:
        there = found.get(one.urn, ())
        if one.type == KEY:
            new = [key for key in there if key.mark not in marks and key.created in window]
            settlement = _keys(one, new, keys_of[one.inputs.get("user")], seen)
            seen.update(settlement.ids)
        elif one.type in NAMED | PUT:
            settlement = _named(one, there, marks, window)
        elif one.is_in_aws and one.type not in AGAIN:
            why = "whether it was created can't be looked up"
            settlement = Settlement(one, Remedy.LEAVE, why=why)
        else:
            settlement = Settlement(one, Remedy.CLEAR)
        settlements.append(settlement)
    return settlements


def _keys(one: Pending, new: Sequence[Existing], creates: int, seen: Container[str]) -> Settlement:
    if len(new) > creates:
        names = ", ".join(key.id for key in new)
        why = f"the user has keys that no state holds, more than this stack was creating: {names}"
        return Settlement(one, Remedy.LEAVE, why=why)
    ids = tuple(key.id for key in new if key.id not in seen)
    return Settlement(one, Remedy.DELETE, ids) if ids else Settlement(one, Remedy.CLEAR)


def _named(
    one: Pending, there: Sequence[Existing], marks: Container[str], window: Window
) -> Settlement:
    if not there:
        return Settlement(one, Remedy.CLEAR)
    thing = there[0]
    if thing.mark in marks:
        return Settlement(
            one, Remedy.CLEAR, why="the one with this name is in a stack's state already"
        )
    if one.type in NAMED and thing.created not in window:
        since = f"{thing.created:%Y-%m-%d %H:%M:%S %Z}"
        return Settlement(one, Remedy.CLEAR, why=f"the one with this name was created at {since}")
    if not thing.is_alike:
        return Settlement(
            one, Remedy.CLEAR, why="the one with this name differs from what the program describes"
        )
    return Settlement(one, Remedy.TAKE, (thing.id,))


def settled(deployment: Mapping[str, Any], settlements: Sequence[Settlement]) -> dict[str, Any]:
    """Return a state in which nothing is pending.

    Resources that are added, or that were being updated or deleted, are marked to be read from AWS
    before the next update.
    """
    operations = deployment.get("pending_operations") or ()
    redone = {one["resource"]["urn"] for one in operations if one["type"] in _REDONE}
    resources = [
        {**one, "refreshBeforeUpdate": True} if one["urn"] in redone and _is_real(one) else one
        for one in deployment.get("resources") or ()
    ]
    for settlement in settlements:
        if settlement.remedy is not Remedy.TAKE:
            continue
        new = {**settlement.pending.resource, "id": settlement.ids[0], "refreshBeforeUpdate": True}
        place = next((i for i, r in enumerate(resources) if _is_predecessor(r, new)), None)
        if place is None:
            resources.append(new)
        elif resources[place].get("pendingReplacement"):
            resources[place] = new  # it is deleted already
        else:
            resources[place : place + 1] = [new, {**resources[place], "delete": True}]
    return {**deployment, "resources": resources, "pending_operations": []}


def _is_real(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("custom") and resource.get("id") and not resource.get("delete"))


def _is_predecessor(resource: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return bool(resource["urn"] == new["urn"] and not resource.get("delete"))
