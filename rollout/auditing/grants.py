"""Who may do what in every bucket, and who may do everything in some.

The evaluator of `can` is asked for each S3 action on a bucket that nobody names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from components.aws.actions import EVERYTHING, action, placeable
from components.aws.partitions import DNS_SUFFIXES
from components.iam.decide import Request, decide_parsed
from components.iam.document import (
    Choice,
    Effect,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Statement,
    parse,
)
from components.iam.patterns import pattern
from components.iam.requests import Location, s3_request
from components.iam.words import conditions_said, selected, short_resource
from rollout.auditing.instead import grants_instead
from rollout.auditing.risks import Risk, Weakness
from rollout.deployed.model import Deployed, DeployedAccount, DeployedUser

_ANYWHERE: Final = Location("0q8z-bucket-of-nobody-9x7j", "0q8z/key-9x7j")
_SHOWN: Final = "s3:GetObject"
"""The action to show if it is allowed; otherwise the first."""
_NAMED: Final = 4


def grant_risks(account: DeployedAccount, identity: Deployed) -> Iterator[Risk]:
    """Judge what an identity may do in S3, by all its policies and those of its groups."""
    statements: list[Statement] = []
    held = _Held(account, identity, statements)
    for name, document in _documents(account, identity).items():
        if document is None:
            yield held.risk(Weakness.NOT_JUDGED, f"AWS did not tell its policy {name}")
            continue
        try:
            statements += parse(document, name, PolicyKind.IDENTITY)
        except PolicyError as error:
            yield held.risk(Weakness.NOT_JUDGED, f"a policy can't be judged: {error}")
    try:
        yield from held.risks()
    except ValueError as error:
        yield held.risk(Weakness.NOT_JUDGED, f"its policies can't be judged: {error}")


def _documents(account: DeployedAccount, identity: Deployed) -> Mapping[str, PolicyDocument | None]:
    groups = identity.groups if isinstance(identity, DeployedUser) else ()
    found = {**identity.inline, **identity.attached}
    for name in groups:
        group = account.groups.get(name)
        policies = {**group.inline, **group.attached} if group else {"all": None}
        found |= {f"{policy} of group {name}": one for policy, one in policies.items()}
    return found


@dataclass(frozen=True)
class _Held:
    account: DeployedAccount
    identity: Deployed
    statements: list[Statement]

    def risks(self) -> Iterator[Risk]:
        everything = [one for one in self.statements if _is_everything(one)]
        if everywhere := self._everywhere():
            yield everywhere
        elif everything:
            resources = [value for one in everything for value in one.resources.values]
            buckets = dict.fromkeys(short_resource(one).split("/")[0] for one in resources)
            shown = ", ".join(list(dict.fromkeys(map(short_resource, resources)))[:_NAMED])
            named = [bucket for bucket in buckets if not set(bucket) & set("*?$:")]
            text = f"may do every S3 action on {shown}"
            yield self.risk(Weakness.EVERY_ACTION, text, None, named, placeable())

    def risk(
        self,
        weakness: Weakness,
        text: str,
        request: Request | None = None,
        buckets: list[str] | None = None,
        actions: list[str] | None = None,
    ) -> Risk:
        entry = {"action": request.action, "resource": request.resource} if request else None
        instead = (
            None if actions is None else grants_instead(self.identity.KIND, buckets or (), actions)
        )
        return Risk(weakness, self.identity.KIND, self.identity.name, text, entry, instead)

    def _everywhere(self) -> Risk | None:
        deciding = [one for one in self.statements if one.effect is Effect.DENY or _is_wide(one)]
        if all(one.effect is Effect.DENY for one in deciding):
            return None
        requests = _requests(self.account.partition)
        sure = [one for one in requests if decide_parsed(deciding, one).allowed]
        # As far as conditions go that the request does not meet, or that deny.
        relaxed = [
            replace(one, conditions=())
            for one in deciding
            if one.effect is Effect.ALLOW or not one.conditions
        ]
        may = sure or [one for one in requests if decide_parsed(relaxed, one).allowed]
        if not may:
            return None
        names = dict.fromkeys(
            name
            for one in relaxed
            if any(decide_parsed([one], request).allowed for request in may)
            for name in selected(one.actions, _NAMED).split(", ")
        )
        text = f"may do {', '.join(names)} on every bucket"
        doubts = [] if sure else [test for one in deciding for test in one.conditions]
        unless = [conditions_said(doubts)] if doubts else []
        if self.identity.boundary:
            unless.append(f"its permissions boundary {self.identity.boundary}")
        if unless:
            text += f", unless this forbids it: {'; '.join(unless)}"
        weakness = Weakness.NOT_JUDGED if unless else Weakness.EVERY_BUCKET
        actions = [one.action for one in may]
        shown = may[actions.index(_SHOWN) if _SHOWN in actions else 0]
        return self.risk(weakness, text, shown, None, actions)


@cache
def _requests(partition: str) -> tuple[Request, ...]:
    """Each S3 action on a bucket, or an object in it, that nobody names."""
    return tuple(s3_request(action(name), _ANYWHERE, partition=partition) for name in placeable())


def _is_wide(statement: Statement) -> bool:
    """Whether the statement may reach the bucket that nobody names, or an object in it."""
    anyhow = [replace(statement, actions=Choice(("*",)), conditions=())]
    return any(
        decide_parsed(anyhow, Request("s3:Any", f"arn:{partition}:s3:::{path}")).allowed
        for partition in DNS_SUFFIXES
        for path in (_ANYWHERE.bucket, f"{_ANYWHERE.bucket}/{_ANYWHERE.key}")
    )


def _is_everything(statement: Statement) -> bool:
    """Whether a statement allows all actions of S3 on resources that it names."""
    actions, resources = statement.actions, statement.resources
    every = pattern(EVERYTHING, variables=False)
    return (
        statement.effect is Effect.ALLOW
        and not actions.negated
        and not resources.negated
        and any(pattern(one.lower(), variables=False).covers(every) for one in actions.values)
        and any(":s3:" in one for one in resources.values)
    )
