"""What `keys list` prints: a table, and as JSON.

The JSON, version 1::

    {"version": 1, "users": [{"stack": "dev", "account": "111111111111", "user": "ci",
        "due": {"step": "wait", "text": "..."}, "instead": null | "role ..., last used on ...",
        "keys": [{"label": "2026-11" | null, "id": "…1A2B", "active": true, "current": true,
            "created": "2026-11-01T00:00:00+00:00", "days": 24,
            "lastUse": null | {"at": "...", "service": "s3" | null, "region": "eu-west-1"}}],
        "deliveries": [{"place": "context ...", "at": "..." | null, "unknown": null | "..."}]}],
     "errors": ["..."]}
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.settings.findings import printable
from rollout.auditing.keys import used_words
from rollout.deployed.model import DeployedKey
from rollout.keys.reading import Read
from rollout.keys.steps import Asked, Step, due
from rollout.keys.user_keys import UserKeys, ends
from rollout.reporting.terminal import say, show_table

VERSION: Final = 1
_TITLES: Final = ("stack", "user", "label", "key", "age", "state", "last use")


def as_json(found: Sequence[Read], asked: Asked) -> dict[str, Any]:
    """Return the object that `--json` prints."""
    return {
        "version": VERSION,
        "users": [_user_json(user, asked) for one in found for user in one.users],
        "errors": [one.error for one in found if one.error is not None],
    }


def _user_json(user: UserKeys, asked: Asked) -> dict[str, Any]:
    step, text = due(user, asked)
    return {
        "stack": user.stack,
        "account": user.account,
        "user": user.name,
        "due": {"step": step.value, "text": text},
        "instead": user.instead,
        "keys": [_key_json(user, key, asked) for key in user.keys],
        "deliveries": [
            {"place": f"{one.place}", "at": one.at and one.at.isoformat(), "unknown": one.unknown}
            for one in user.deliveries
        ],
    }


def _key_json(user: UserKeys, key: DeployedKey, asked: Asked) -> dict[str, Any]:
    use = key.last_use
    label = user.label_of(key)
    return {
        "label": label,
        "id": ends(key),
        "active": key.active,
        "current": label is not None and label == user.current,
        "created": key.created.isoformat(),
        "days": (asked.now - key.created).days,
        "lastUse": use and {"at": use.at.isoformat(), "service": use.service, "region": use.region},
    }


def show(console: Console, found: Sequence[Read], asked: Asked) -> None:
    """Print a row for each key, then what is due and where keys go."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in _TITLES:
        table.add_column(title, overflow="fold")
    users = [user for one in found for user in one.users if user.keys or user.labels]
    for user in users:
        for row in _rows(user, asked):
            table.add_row(*map(printable, row))
    if not users:
        say(console, Text("No user of these stacks has access keys."))
        return
    show_table(console, table)
    for user in users:
        for line in _lines(user, asked):
            say(console, Text(printable(f"{user}: {line}")))


def _rows(user: UserKeys, asked: Asked) -> Iterator[tuple[str, ...]]:
    head = user.stack, user.name
    for key in user.keys:
        label = user.label_of(key)
        is_current = label is not None and label == user.current
        state = "current" if key.active and is_current else "active" if key.active else "inactive"
        age = f"{(asked.now - key.created).days} days"
        yield *head, label or "none", ends(key), age, state, used_words(key)
    for one in user.labels:
        if user.key(one.label) is None:
            yield *head, one.label, "", "", "not deployed", ""


def _lines(user: UserKeys, asked: Asked) -> Iterator[str]:
    for one in user.deliveries:
        at = one.unknown or (f"written on {one.at:%Y-%m-%d %H:%M} UTC" if one.at else "not written")
        yield f"{one.place}: {at}"
    step, text = due(user, asked)
    if step is not Step.NOTHING:
        yield f"{step.value}: {text}"
    if user.instead and any(key.active for key in user.keys):
        yield (
            f"{user.instead}, may do the same: remove the keys, also from every context; in a job "
            "they win over the role"
        )
