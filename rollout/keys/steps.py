"""What is due for a user's keys: one table of steps. Pure, and with no memory.

What is known comes from the stack's file, the stack's state, AWS and CircleCI, each time anew, so
that a step may be repeated, and a run that was cut short goes on with the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from components.aws.limits import ACCESS_KEYS
from components.settings.model import AccessKey
from rollout.auditing.keys import is_old, used_words
from rollout.deployed.model import DeployedKey
from rollout.keys.user_keys import Delivered, UserKeys, ends


@dataclass(frozen=True)
class Asked:
    """What a user of the command asked for, and the time."""

    now: datetime
    older_than: timedelta
    quiet_for: timedelta


class Step(Enum):
    """What is due for a user; the values stand in the JSON."""

    ASK = "ask"
    """Somebody has to look: nothing is done."""
    RESTORE = "restore"
    DEPLOY = "deploy"
    DELIVER = "deliver"
    IN_USE = "in use"
    WAIT = "wait"
    SWITCH_OFF = "switch off"
    DELETE = "delete"
    NEW = "new"
    NOTHING = "nothing"

    @property
    def acts(self) -> bool:
        """Whether `keys rotate` does something."""
        return self not in {Step.ASK, Step.IN_USE, Step.WAIT, Step.NOTHING}

    @property
    def is_due(self) -> bool:
        """Whether there is something to do, for the command or for somebody."""
        return self not in {Step.WAIT, Step.NOTHING}


Row = tuple[Step, Callable[[UserKeys, Asked], str | None]]


def due(user: UserKeys, asked: Asked) -> tuple[Step, str]:
    """Return the first step of the table that is due, and the reason in words."""
    for step, why in STEPS:
        if (words := why(user, asked)) is not None:
            return step, words
    return Step.NOTHING, ""


def _not_deployed(user: UserKeys, _: Asked) -> str | None:
    is_new = user.held is None and user.labels
    return "the stack is not deployed yet: `rollout up` deploys it" if is_new else None


def _unknown(user: UserKeys, _: Asked) -> str | None:
    return next((f"{one.place}: {one.unknown}" for one in user.deliveries if one.unknown), None)


def _lost_newer(user: UserKeys, _: Asked) -> str | None:
    """A key that a run made and delivered, and whose label did not reach this file."""
    made = [key.created for label in user.labels if (key := user.key(label.label))]
    for label in user.lost:
        key = user.key(label)
        if (
            key
            and key.active
            and made
            and key.created > max(made)
            and len(user.labels) < ACCESS_KEYS
        ):
            return f"the key of label {label} is newer than those in the file, which lost its label"
    return None


def _lost_active(user: UserKeys, _: Asked) -> str | None:
    for label in user.lost:
        if (key := user.key(label)) and key.active:
            return (
                f"the file has no label {label} any more, and its key {ends(key)} is active: "
                "`rollout up` deletes it, unless the label is written back"
            )
    return None


def _no_room(user: UserKeys, asked: Asked) -> str | None:
    missing = [key.label for key in user.labels if user.key(key.label) is None]
    wanted = missing or (["a new one"] if _too_old(user, asked) is not None else [])
    if wanted and user.strays and len(user.keys) + len(wanted) > ACCESS_KEYS:
        strays = " and ".join(map(ends, user.strays))
        return f"no room for {wanted[0]}: the stack did not make {strays}; delete what no job uses"
    return None


def _off_too_early(user: UserKeys, asked: Asked) -> str | None:
    """A label that is off in the file, and was not when its key was last used or replaced."""
    if not user.switches_off:
        return None
    _, other = _pair(user)
    if user.deliveries and user.delivered is None:
        why = "the current key is not in all its places"
    elif other is not None and _is_used(user, asked):
        why = f"its key {ends(other)} was {used_words(other)}"
    else:
        return None
    return f"the file switches {_label(user)} off, and {why}: `rollout up` does it all the same"


def _undeployed(user: UserKeys, _: Asked) -> str | None:
    for label in user.labels:
        key = user.key(label.label)
        if key is None:
            return f"label {label.label} has no key yet"
        if key.active is not label.active:
            wish = "active" if label.active else "inactive"
            return f"label {label.label} is {wish} in the file, and its key {ends(key)} is not"
    if user.lost:
        return f"the file has no label {user.lost[0]} any more"
    current = user.key(user.current)
    if current is not None and user.output != current.id:
        return f"{user.current} is current in the file, and not in the stack's outputs"
    late = [one.place for one in user.deliveries if one.by_program and _is_late(user, one)]
    return f"{late[0]} has not the current key" if late else None


def _undelivered(user: UserKeys, _: Asked) -> str | None:
    late = [f"{one.place}" for one in user.deliveries if _is_late(user, one)]
    return f"the key of label {user.current} is not in {', '.join(late)}" if late else None


def _is_late(user: UserKeys, one: Delivered) -> bool:
    current = user.key(user.current)
    return current is not None and (one.at is None or one.at < current.created)


def _rolled_back(user: UserKeys, _: Asked) -> str | None:
    """After a rollback a person goes on: what was wrong with the newer key is not known."""
    current, other = _pair(user)
    if current is None or other is None or other.created <= current.created:
        return None
    label = user.other.label if user.other else ""
    return (
        f"{user.current} is current again, and {label} is newer: when no job uses {ends(other)} "
        f"({used_words(other)}), remove the label {label} from the file and run `rollout up`"
    )


def _is_used(user: UserKeys, asked: Asked) -> bool:
    """Whether the other key was used after the current one was delivered."""
    current, other = _pair(user)
    if current is None or other is None or other.last_use is None:
        return False
    used, at = other.last_use.at, user.delivered
    if user.deliveries:
        return at is not None and used >= at.replace(microsecond=0)  # AWS tells whole seconds
    return current.last_use is not None and used > asked.now - asked.quiet_for


def _in_use(user: UserKeys, asked: Asked) -> str | None:
    _, other = _pair(user)
    if other is None or not other.active or not _is_used(user, asked):
        return None
    at = user.delivered
    since = f"since the new key was delivered on {_day(at)}" if user.deliveries else "lately"
    return (
        f"the old key {ends(other)} of {user.name} was used {since}: {used_words(other)}; find the "
        f"job that has it, or switch it off: {{label: {_label(user)}, active: false}}"
    )


def _wait(user: UserKeys, asked: Asked) -> str | None:
    current, other = _pair(user)
    if current is None or other is None:
        return None
    if not other.active:
        since, then = _off_since(user), "deleted"
        if since is None:
            return f"when {_label(user)} became inactive is not known; remove the label by hand"
    elif user.deliveries:
        since, then = user.delivered, "made inactive"
    elif current.last_use is None:
        return (
            f"the key of label {user.current} was never used: give it to the jobs, or say with "
            "deliver where it goes"
        )
    else:
        since, then = current.created, "made inactive"
    until = (since or asked.now) + asked.quiet_for
    if asked.now >= until:
        return None
    return f"{_label(user)} is {then} after {until:%Y-%m-%d %H:%M} UTC if it stays unused"


def _switch_off(user: UserKeys, _: Asked) -> str | None:
    current, other = _pair(user)
    if current is None or other is None or not other.active:
        return None
    since = f"since {_day(user.delivered)}" if user.delivered else "for the quiet time"
    return f"the old key {ends(other)} of label {_label(user)} was not used {since}"


def _delete(user: UserKeys, _: Asked) -> str | None:
    current, other = _pair(user)
    if current is None or other is None or other.active:
        return None
    return f"{_label(user)} is inactive since {_day(_off_since(user))}"


def _too_old(user: UserKeys, asked: Asked) -> str | None:
    current = user.key(user.current)
    if current is None or len(user.labels) > 1 or user.lost:
        return None
    if not is_old(current, asked.now, asked.older_than):
        return None
    age = (asked.now - current.created).days
    return f"the key of label {user.current} is {age} days old"


STEPS: Final[tuple[Row, ...]] = (
    (Step.ASK, _not_deployed),
    (Step.RESTORE, _lost_newer),
    (Step.ASK, _lost_active),
    (Step.ASK, _no_room),
    (Step.ASK, _off_too_early),
    (Step.DEPLOY, _undeployed),
    (Step.ASK, _unknown),
    (Step.DELIVER, _undelivered),
    (Step.ASK, _rolled_back),
    (Step.IN_USE, _in_use),
    (Step.WAIT, _wait),
    (Step.SWITCH_OFF, _switch_off),
    (Step.DELETE, _delete),
    (Step.NEW, _too_old),
)
"""Each step with what tells that it is due: the reason in words, or None. The first one counts."""


def new_labels(user: UserKeys, step: Step, now: datetime) -> tuple[AccessKey, ...]:
    """Return the labels that the stack's file has once a step is done."""
    other = user.other
    if step is Step.RESTORE:
        return (*user.labels, AccessKey(label=user.lost[-1]))
    if step is Step.NEW:
        taken = {*(key.label for key in user.labels), *(user.held or ())}
        names = [f"{now:%Y-%m}", f"{now:%Y-%m-%d}", f"{now:%Y-%m-%d.%H%M%S}"]
        return (*user.labels, AccessKey(label=next(one for one in names if one not in taken)))
    if step is Step.SWITCH_OFF and other is not None:
        return tuple(
            AccessKey(label=key.label, active=False) if key == other else key for key in user.labels
        )
    if step is Step.DELETE:
        return tuple(key for key in user.labels if key != other)
    return user.labels


def rolled_back(user: UserKeys) -> tuple[AccessKey, ...] | None:
    """Return the labels with the older key active and last; None if there are not two keys."""
    made = [(key.created, one.label) for one in user.labels if (key := user.key(one.label))]
    if len(made) < ACCESS_KEYS or len(user.labels) != ACCESS_KEYS:
        return None
    older = min(made)[1]
    (newer,) = (one for one in user.labels if one.label != older)
    return newer, AccessKey(label=older)


def _pair(user: UserKeys) -> tuple[DeployedKey | None, DeployedKey | None]:
    return user.key(user.current), user.key(user.other.label if user.other else None)


def _label(user: UserKeys) -> str:
    return user.other.label if user.other else ""


def _off_since(user: UserKeys) -> datetime | None:
    held = (user.held or {}).get(_label(user))
    return held.changed if held else None


def _day(at: datetime | None) -> str:
    return "an unknown day" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
