"""Who may do what in every bucket, and who may do everything in some.

The evaluator of `can` is asked for each S3 action on a bucket that nobody names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from components.aws.actions import EVERYTHING, action, placeable
from components.aws.limits import Kind
from components.iam.decide import Request, decide_parsed
from components.iam.document import (
    Effect,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Statement,
    parse,
)
from components.iam.patterns import pattern
from components.iam.requests import Caller, Location, s3_request
from components.iam.words import conditions_said, selected, short_resource
from rollout.auditing.instead import grants_instead
from rollout.auditing.risks import Risk, Weakness
from rollout.deployed.model import DeployedAccount, DeployedIdentity, DeployedRole, DeployedUser

_ANYWHERE: Final = Location("0q8z-bucket-of-nobody-9x7j", "0q8z/key-9x7j")
_NAMED: Final = 4


def grant_risks(account: DeployedAccount, identity: DeployedUser | DeployedRole) -> Iterator[Risk]:
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


def _documents(
    account: DeployedAccount, identity: DeployedIdentity
) -> Mapping[str, PolicyDocument | None]:
    groups = identity.groups if isinstance(identity, DeployedUser) else ()
    found = {**identity.inline, **identity.attached}
    for name in groups:
        group = account.groups[name]
        policies = {**group.inline, **group.attached}
        found |= {f"{policy} of group {name}": one for policy, one in policies.items()}
    return found


@dataclass(frozen=True)
class _Held:
    account: DeployedAccount
    identity: DeployedUser | DeployedRole
    statements: list[Statement]

    def risks(self) -> Iterator[Risk]:
        everywhere = [one for one in self._allowing if _reaches(one, self._requests)]
        if everywhere:
            yield from self._everywhere(everywhere)
        elif everything := [one for one in self._allowing if _is_everything(one)]:
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
        instead = None if actions is None else grants_instead(self._kind, buckets or (), actions)
        return Risk(weakness, self._kind, self.identity.name, text, entry, instead)

    @property
    def _kind(self) -> Kind:
        return "user" if isinstance(self.identity, DeployedUser) else "role"

    @cached_property
    def _allowing(self) -> list[Statement]:
        return [one for one in self.statements if one.effect is Effect.ALLOW]

    @cached_property
    def _requests(self) -> list[Request]:
        caller = Caller(user_name=self.identity.name if self._kind == "user" else None)
        partition = self.account.partition
        return [
            s3_request(action(name), _ANYWHERE, partition=partition, caller=caller)
            for name in placeable()
        ]

    def _everywhere(self, wide: list[Statement]) -> Iterator[Risk]:
        sure = [one for one in self._requests if decide_parsed(self.statements, one).allowed]
        # As far as conditions go that the request does not meet, or that deny.
        relaxed = [
            replace(one, conditions=())
            for one in self.statements
            if one.effect is Effect.ALLOW or not one.conditions
        ]
        may = sure or [one for one in self._requests if decide_parsed(relaxed, one).allowed]
        if not may:
            return
        names = dict.fromkeys(
            name for one in wide for name in selected(one.actions, _NAMED).split(", ")
        )
        text = f"may do {', '.join(names)} on every bucket"
        doubts = [] if sure else [test for one in self.statements for test in one.conditions]
        unless = [conditions_said(doubts)] if doubts else []
        if self.identity.boundary:
            unless.append(f"its permissions boundary {self.identity.boundary}")
        if unless:
            text += f", unless this forbids it: {'; '.join(unless)}"
        weakness = Weakness.NOT_JUDGED if unless else Weakness.EVERY_BUCKET
        yield self.risk(weakness, text, may[0], None, [one.action for one in may])


def _reaches(statement: Statement, requests: list[Request]) -> bool:
    anyhow = [replace(statement, conditions=())]
    return any(decide_parsed(anyhow, one).allowed for one in requests)


def _is_everything(statement: Statement) -> bool:
    """Whether a statement allows all actions of S3 on resources that it names, S3's among them."""
    actions, resources = statement.actions, statement.resources
    every = pattern(EVERYTHING, variables=False)
    return (
        not actions.negated
        and not resources.negated
        and any(pattern(one.lower(), variables=False).covers(every) for one in actions.values)
        and any(":s3:" in one for one in resources.values)
    )
