"""Reads the keys of stacks' users: the file, the state, AWS, and CircleCI where it is asked."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from components.iam.difference import difference
from components.iam.rules import Rule, rules
from components.policy.layout import documents_of
from components.settings.findings import SettingsError
from components.settings.model import Delivery, Role, Stack, User
from components.settings.stack_file import StackFile
from rollout.choosing.inventory import Member
from rollout.deployed.account import AwsAccount, account_of
from rollout.deployed.read import read_keys, read_role
from rollout.errors import AccountError, RolloutError
from rollout.execution.pending import KEY
from rollout.execution.run import find_cli
from rollout.execution.scratch import QUIET
from rollout.keys.circleci import CircleCi, CircleCiError
from rollout.keys.user_keys import Delivered, Held, UserKeys

_AT_ONCE: Final = 8
_STACK: Final = "pulumi:pulumi:Stack"
_NO_STACK: Final = "no stack named"


@dataclass(frozen=True)
class Read:
    """What was read of a stack, or why it could not be."""

    stack: str
    users: tuple[UserKeys, ...] = ()
    error: str | None = None


def read_stacks(root: Path, members: Sequence[Member]) -> tuple[Read, ...]:
    """Read the keys of all users of stacks, several stacks at a time."""
    ask = cache(lambda: CircleCi(os.environ))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(lambda member: _read(root, member, Contexts(ask)), members))


class Contexts:
    """When variables of contexts were written; each context is asked for once."""

    def __init__(self, ask: Any) -> None:  # noqa: ANN401 - makes the client, or raises
        self._ask = ask
        self._written: dict[str, Mapping[str, datetime]] = {}

    def delivered(self, place: Delivery) -> Delivered:
        """Say when both variables were last written."""
        try:
            context = self._ask().context_id(place)
            if context not in self._written:
                self._written[context] = self._ask().written(context)
        except CircleCiError as error:
            return Delivered(place, unknown=str(error))
        names = place.variables.access_key_id, place.variables.secret_access_key
        times = [self._written[context].get(name) for name in names]
        known = [at for at in times if at is not None]
        return Delivered(place, min(known) if len(known) == len(times) else None)


def _read(root: Path, member: Member, contexts: Contexts) -> Read:
    if member.error is not None or member.file is None:
        return Read(member.name, error=member.error)
    try:
        settings = member.file.settings()
        users = {n: one for n, one in settings.identities.items() if isinstance(one, User)}
        if not users:
            return Read(member.name)
        account = account_of(member.file, ())
        stack = _Stack(member.file, settings, account, _state(root, member.name), contexts)
        return Read(member.name, tuple(stack.user(name, one) for name, one in users.items()))
    except (AccountError, RolloutError, SettingsError) as error:
        return Read(member.name, error=f"{member.name}: {error}")


def cli(root: Path, *args: str) -> str:
    """Run the Pulumi CLI and return what it prints, which no message quotes: it may be secret.

    Raises:
        RolloutError: it failed.
    """
    done = subprocess.run(
        [str(find_cli().pulumi), *args, "--non-interactive"],
        cwd=root,
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RolloutError(f"pulumi {args[0]} {args[1]}: {done.stderr.strip()}")
    return done.stdout


def _state(root: Path, stack: str) -> Sequence[Mapping[str, Any]] | None:
    """The resources of a stack's state, without secrets; None if it was never deployed."""
    try:
        text = cli(root, "stack", "export", "--stack", stack)
    except RolloutError as error:
        if _NO_STACK in str(error):
            return None
        raise
    return json.loads(text)["deployment"].get("resources") or None


@dataclass(frozen=True)
class _Stack:
    """All that is read of one stack; `state` is None if it was never deployed."""

    file: StackFile
    settings: Stack
    account: AwsAccount
    state: Sequence[Mapping[str, Any]] | None
    contexts: Contexts

    def user(self, name: str, user: User) -> UserKeys:
        keys = read_keys(self.account.iam, name)
        live = [one for one in self.state or () if not one.get("delete")]
        head = f"{name}-key-"
        held = {
            label.removeprefix(head): Held(str(one.get("id")), _changed(one))
            for one in live
            if one["type"] == KEY and (label := _name(one)).startswith(head) and _is_of(one, name)
        }
        outputs = next((one.get("outputs") or {} for one in live if one["type"] == _STACK), {})
        made = (outputs.get("identities") or {}).get(name) or {}
        return UserKeys(
            self.file.stack,
            name,
            self.account.id,
            user.access_keys,
            tuple(sorted(keys, key=lambda key: key.created)),
            None if self.state is None else held,
            made.get("accessKeyId"),
            tuple(
                self.contexts.delivered(one)
                if one.circleci_context
                else Delivered(one, _written(name, one, live))
                for one in user.deliver
            ),
            (", ".join(self._takers(name)) or None) if any(key.active for key in keys) else None,
        )

    def _takers(self, name: str) -> Iterator[str]:
        """Find the roles of the stack that are used and may do all that a user may do."""
        for other, role in self.settings.identities.items():
            if not isinstance(role, Role):
                continue
            if not difference(self._allowed(other), self._allowed(name)).gained:
                found = read_role(self.account.iam, other)
                if found is not None and found.last_use is not None:
                    yield f"role {other}, last used on {found.last_use.at:%Y-%m-%d}"

    def _allowed(self, name: str) -> frozenset[Rule]:
        identity = self.settings.identities[name]
        return rules(documents_of(self.file.stack, name, identity, self.account.partition))


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rsplit("::", 1)[-1]


def _is_of(resource: Mapping[str, Any], user: str) -> bool:
    return str(resource.get("parent", "")).rsplit("::", 1)[-1] == user


def _changed(resource: Mapping[str, Any]) -> datetime | None:
    text = resource.get("modified") or resource.get("created")
    return datetime.fromisoformat(text) if text else None


def _written(user: str, place: Delivery, live: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When the program last wrote to a place in AWS; None if it never did."""
    name = (
        f"{user}-parameter-{place.ssm_parameter}"
        if place.ssm_parameter is not None
        else f"{user}-secret-{place.secrets_manager}-current"
    )
    there = (one for one in live if _name(one) == name and _is_of(one, user))
    return next(map(_changed, there), None)
