"""All risks of an account, the worst first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollout.auditing.grants import grant_risks
from rollout.auditing.keys import key_risks
from rollout.auditing.risks import Risk
from rollout.auditing.trust import is_of_circleci, provider_risks, trust_risks
from rollout.deployed.model import DeployedAccount

NOT_LOOKED_AT: Final = (
    "Bucket policies, organization policies, sessions' policies and what the other services give "
    "are not looked at; roles that no CircleCI organization may assume are left out."
)


def audit(account: DeployedAccount, now: datetime, longest: timedelta) -> tuple[Risk, ...]:
    """Judge an account.

    Args:
        account: what it has.
        now: the time that keys are judged at.
        longest: how old a key may be, and how long it may be unused.
    """
    risks = [*provider_risks(account)]
    for role in account.roles:
        if is_of_circleci(account, role):
            risks += [*trust_risks(account, role), *grant_risks(account, role)]
    for user in account.users:
        risks += [*key_risks(user, now, longest), *grant_risks(account, user)]
    return tuple(sorted(risks, key=lambda one: one.order))


@dataclass(frozen=True)
class Audited:
    """The audit of a profile's account, or why it could not be read."""

    profile: str | None
    account: str | None = None
    risks: tuple[Risk, ...] = ()
    error: str | None = None
