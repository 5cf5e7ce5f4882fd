"""What is risky in the access keys of users."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from rollout.auditing.instead import keys_instead
from rollout.auditing.risks import Risk, Weakness
from rollout.deployed.model import DeployedKey, DeployedUser


def key_risks(user: DeployedUser, now: datetime, longest: timedelta) -> Iterator[Risk]:
    """Judge a user's active keys: unused or made longer ago than `longest`, or two of them."""
    active = [key for key in user.keys if key.active]
    for key in active:
        age, unused = now - key.created, now - _last(key)
        made = f"the key that ends in {key.id[-4:]} was made {age.days} days ago"
        if unused > longest:
            used = f"last used {unused.days} days ago" if key.last_use else "never used"
            yield _risk(Weakness.UNUSED_KEY, user, f"{made} and {used}", now)
        elif is_old(key, now, longest):
            yield _risk(Weakness.OLD_KEY, user, made, now)
    if len(active) > 1:
        yield _risk(Weakness.TWO_KEYS, user, "has two active keys", now)


def is_old(key: DeployedKey, now: datetime, longest: timedelta) -> bool:
    """Say whether a key was made longer ago than `longest`."""
    return now - key.created > longest


def used_words(key: DeployedKey) -> str:
    """Say when, with which service and where a key was last used."""
    if (use := key.last_use) is None:
        return "never used"
    where = " ".join(
        filter(None, [use.service and f"with {use.service}", use.region and f"in {use.region}"])
    )
    return f"last used on {use.at:%Y-%m-%d %H:%M} UTC{' ' if where else ''}{where}"


def _last(key: DeployedKey) -> datetime:
    return key.created if key.last_use is None else key.last_use.at


def _risk(weakness: Weakness, user: DeployedUser, text: str, now: datetime) -> Risk:
    return Risk(weakness, "user", user.name, text, instead=keys_instead(now))
