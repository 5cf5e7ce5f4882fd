"""Gives a user's current key to its places, and proves that it works.

The secret is read from the stack's outputs when it is needed, and held in memory alone.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from components.settings.findings import SettingsError
from components.settings.model import Delivery
from components.settings.stack_file import read
from rollout.deployed.account import session_of
from rollout.errors import RolloutError
from rollout.keys.circleci import CircleCi
from rollout.keys.reading import cli
from rollout.keys.user_keys import UserKeys

PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between calls with a new key, which AWS does not know everywhere at once."""
_NOT_YET: Final = frozenset({"InvalidClientTokenId", "InvalidAccessKeyId"})


@dataclass(frozen=True)
class Pair:
    """A key and its secret."""

    id: str
    secret: str = field(repr=False)


def current_pair(root: Path, user: UserKeys) -> Pair:
    """Read a user's current key from the stack's outputs.

    Raises:
        RolloutError: the stack has none.
    """
    text = cli(root, "stack", "output", "--json", "--show-secrets", "--stack", user.stack)
    made = (json.loads(text).get("identities") or {}).get(user.name) or {}
    if not made.get("secretAccessKey"):
        raise RolloutError(f"{user}: the stack's outputs have no access key")
    return Pair(made["accessKeyId"], made["secretAccessKey"])


def prove(
    root: Path, user: UserKeys, pair: Pair, pause: Callable[[float], None] = time.sleep
) -> None:
    """Call AWS with the current key, and with what is in its places in AWS.

    Raises:
        RolloutError: a call fails, or is another user's.
    """
    try:
        session = session_of(read(root, user.stack))
        pairs = {"the current key": pair}
        for one in user.deliveries:
            if one.by_program:
                pairs[f"{one.place}"] = _delivered(session, one.place)
        for where, given in pairs.items():
            if given.id != pair.id:
                raise RolloutError(f"{user}: {where} has another key than the current one")
            _call(user, where, given, session.region_name, pause)
    except (BotoCoreError, ClientError, KeyError, SettingsError, ValueError) as error:
        raise RolloutError(f"{user}: what was delivered can't be read: {error}") from None


def _delivered(session: boto3.Session, place: Delivery) -> Pair:
    if place.ssm_parameter is not None:
        ssm: Any = session.client("ssm")
        found = ssm.get_parameter(Name=place.ssm_parameter, WithDecryption=True)
        text = found["Parameter"]["Value"]
    else:
        secrets: Any = session.client("secretsmanager")
        text = secrets.get_secret_value(SecretId=place.secrets_manager)["SecretString"]
    try:
        told = json.loads(text)
        names = place.variables
        return Pair(told[names.access_key_id], told[names.secret_access_key])
    except (KeyError, TypeError, ValueError):  # what is in the text is not shown
        raise RolloutError(f"{place} does not hold a key as `up` writes it") from None


def _call(
    user: UserKeys, where: str, pair: Pair, region: str | None, pause: Callable[[float], None]
) -> None:
    client = boto3.Session(pair.id, pair.secret, region_name=region).client("sts")
    for seconds in (*PAUSES, None):
        try:
            arn = client.get_caller_identity()["Arn"]
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
            if code in _NOT_YET and seconds is not None:
                pause(seconds)
                continue
            reason = code or type(error).__name__
            raise RolloutError(f"{user}: a call with {where} fails: {reason}") from None
        if arn.rsplit("/", 1)[-1] != user.name or ":user/" not in arn:
            raise RolloutError(f"{user}: a call with {where} is one of {arn}")
        return


def deliver(circleci: CircleCi, user: UserKeys, pair: Pair) -> list[str]:
    """Write a key to a user's contexts; return what was written.

    The secret goes first: until the id follows, a job may get the old id with the new secret, and
    its calls fail. Both writes are looked at afterwards.

    Raises:
        RolloutError: a variable can't be written, or was not.
    """
    told = []
    for one in user.deliveries:
        if one.by_program:
            continue
        names = one.place.variables
        context = circleci.context_id(one.place)
        before = circleci.written(context)
        circleci.write(context, names.secret_access_key, pair.secret)
        circleci.write(context, names.access_key_id, pair.id)
        after = circleci.written(context)
        for name in (names.access_key_id, names.secret_access_key):
            if name not in after or after[name] == before.get(name):
                raise RolloutError(f"{user}: {name} of {one.place} was written, and is not new")
        told.append(f"{one.place}: {names.access_key_id}, {names.secret_access_key}")
    return told
