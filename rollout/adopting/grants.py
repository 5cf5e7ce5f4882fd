"""Policies as grants, by what they mean.

The rules of all documents are sorted into what grants can say: object actions under a prefix,
actions on a bucket, use of a key through S3. Whether the grants then allow exactly the same is
proven by `candidate`, so a guess here can only be refused, never let through.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from components.aws.actions import ACCESS, EVERYTHING, NEEDS_OF_KEY, Target, action, in_any_case
from components.aws.bucket_names import wrong_name
from components.iam.conditions import Condition, condition
from components.iam.document import Choice, Effect
from components.iam.patterns import pattern
from components.iam.rules import Rule
from components.iam.words import conditions_said
from components.policy.grants import as_config, together, unit
from components.settings.model import Grant
from components.settings.value_rules import Prefix

_PLACE: Final = re.compile(r"arn:(?P<partition>[\w-]+):s3:::(?P<bucket>[^/]+)(?:/(?P<key>.*))?")
_KEY: Final = re.compile(r"arn:[\w-]+:kms:(?P<region>[\w-]+):\d{12}:key/[A-Za-z0-9-]+")
_KEY_ACTIONS: Final = {name.lower(): name for name in NEEDS_OF_KEY[EVERYTHING]}
_TLS_KEY: Final = "aws:securetransport"
_TLS_ONLY: Final = Rule(
    Effect.DENY,
    Choice((EVERYTHING,)),
    Choice(("*",)),
    frozenset({condition("Bool", "aws:SecureTransport", ("false",))}),
)


class UnsayableError(Exception):
    """The config has no words for a rule; the text says why, and what would be right."""


@dataclass
class _Prefix:
    """What may be done under one prefix."""

    on_objects: set[str] = field(default_factory=set)
    listing: set[str] = field(default_factory=set)


@dataclass
class RulesAsGrants:
    """Rules, collected as the parts of grants."""

    partition: str
    places: dict[tuple[str, str], _Prefix] = field(
        default_factory=lambda: defaultdict(_Prefix)  # by bucket and prefix
    )
    on_buckets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    source_ips: set[str] = field(default_factory=set)
    require_tls: bool = False

    def take(self, rule: Rule) -> None:
        """Take in one rule.

        Raises:
            UnsayableError: no grant says it.
        """
        if rule == _TLS_ONLY:
            self.require_tls = True
            return
        if rule.effect is Effect.DENY:
            raise UnsayableError(
                "a Deny, which the config can't say; requireTls: true denies s3:* on * where "
                "aws:SecureTransport is false"
            )
        if rule.action.negated or rule.resource.negated:
            element = "NotAction" if rule.action.negated else "NotResource"
            raise UnsayableError(f"{element} allows all but what it names; name what is needed")
        name, resource = rule.action.values[0], rule.resource.values[0]
        if name.lower() in _KEY_ACTIONS and (key := _KEY.fullmatch(resource)):
            self._take_key(rule, key)
            return
        bucket, key_pattern = self._place(name, resource)
        prefixes = self._conditions(rule)
        if key_pattern is not None:
            self._take_objects(name, bucket, key_pattern, prefixes)
        else:
            self._take_bucket(name, bucket, prefixes)

    def _take_key(self, rule: Rule, key: re.Match[str]) -> None:
        via = [one for one in rule.conditions if one.folded_key == "kms:viaservice"]
        others = rule.conditions - {*via}
        if not via or others:
            asked = f"where {conditions_said(others)}" if others else "without kms:ViaService"
            raise UnsayableError(
                f"use of a key {asked}; kmsKey allows it where kms:ViaService is "
                f"s3.{key['region']}.…"
            )
        self.keys[key[0]].add(_KEY_ACTIONS[rule.action.values[0].lower()])

    def _place(self, name: str, resource: str) -> tuple[str, str | None]:
        """Return the bucket, and the pattern of keys in it if there is one."""
        place = _PLACE.fullmatch(resource)
        is_ours = name.lower() == EVERYTHING or in_any_case(name) is not None
        if not is_ours:
            try:
                action(name)
            except ValueError as error:
                raise UnsayableError(str(error)) from None
        if place is None or any(sign in place["bucket"] for sign in "*?$"):
            raise UnsayableError(f"'{resource}' is not one bucket; a grant names one bucket")
        if place["partition"] != self.partition:
            raise UnsayableError(
                f"'{resource}' is in the partition {place['partition']}; the account is in "
                f"{self.partition}"
            )
        if (wrong := wrong_name(place["bucket"])) is not None:
            raise UnsayableError(f"'{place['bucket']}' {wrong}")
        return place["bucket"], place["key"]

    def _conditions(self, rule: Rule) -> list[str]:
        """Note the source addresses, and return the values of `s3:prefix`."""
        prefixes: list[str] = []
        for one in rule.conditions:
            if _is(one, "IpAddress", "aws:sourceip"):
                self.source_ips.add(str(ip_network(one.values[0], strict=False)))
            elif one.folded_key == "s3:prefix" and one.operator.name in _LIKE:
                prefixes.append(one.values[0])
            else:
                hint = "; requireTls: true says it as a Deny" if one.folded_key == _TLS_KEY else ""
                raise UnsayableError(
                    f"the condition that {conditions_said([one])}: the config has no word for it"
                    f"{hint}"
                )
        return prefixes

    def _take_objects(self, name: str, bucket: str, keys: str, prefixes: list[str]) -> None:
        if prefixes:
            raise UnsayableError("s3:prefix on objects is never met; the resource names the keys")
        if not keys.endswith("*"):
            raise UnsayableError(f"'{keys}' is one object; a grant takes prefixes that end in /")
        found = in_any_case(name)
        self.places[bucket, _prefix(keys)].on_objects.add(found.name if found else EVERYTHING)

    def _take_bucket(self, name: str, bucket: str, prefixes: list[str]) -> None:
        found = in_any_case(name)
        if found is None:
            raise UnsayableError(
                f"{name} on the bucket itself; a grant names each action on a bucket, and "
                "access: [full] is every action on its objects"
            )
        if prefixes and not found.knows_prefix:
            raise UnsayableError(f"{found.name} with s3:prefix, which its requests don't contain")
        if not found.knows_prefix:
            self.on_buckets[bucket].add(found.name)
            return
        under = [_listed(one) for one in prefixes] or [""]
        for prefix in under:
            self.places[bucket, prefix].listing.add(found.name)

    def config(self) -> dict[str, Any]:
        """Return the grants and what restricts them, as the config has them.

        Raises:
            UnsayableError: a key is used otherwise than grants do.
        """
        made = [
            grant
            for bucket in sorted({*self.on_buckets, *(place[0] for place in self.places)})
            for grant in self._of_bucket(bucket)
        ]
        self._give_keys(made)
        given = {
            "grants": list(map(as_config, made)),
            "requireTls": self.require_tls,
            "sourceIps": sorted(self.source_ips),
        }
        return {key: value for key, value in given.items() if value}

    def _of_bucket(self, bucket: str) -> list[Grant]:
        on_bucket = self.on_buckets.get(bucket, set())
        units = [
            unit(bucket, right, prefix)
            for (of, prefix), held in self.places.items()
            if of == bucket
            for right in _rights(held.on_objects | held.listing, on_bucket)
        ]
        made = together(units)
        left = on_bucket - {one.name for grant in units for one in grant.all_actions}
        # Prefixes do not limit these, so any grant without `full` has room for them.
        place = next((n for n, one in enumerate(made) if "full" not in one.access), None)
        if left and place is None:
            made += together(unit(bucket, one) for one in left)
        elif left and place is not None:
            both = {*made[place].actions, *left}
            made[place] = made[place].model_copy(update={"actions": tuple(sorted(both))})
        return made

    def _give_keys(self, made: list[Grant]) -> None:
        for key, used in sorted(self.keys.items()):
            fitting = [
                place
                for place, one in enumerate(made)
                if one.kms_key is None and one.key_needs and one.key_needs <= used
            ]
            if len(self.keys) > 1:
                fitting = [place for place in fitting if made[place].key_needs == used][:1]
            if set().union(*(made[place].key_needs for place in fitting)) != used:
                raise UnsayableError(
                    f"{' and '.join(sorted(used))} on {key}, which no grant needs: kmsKey gives "
                    "kms:Decrypt to read, and kms:GenerateDataKey too to write"
                )
            for place in fitting:
                made[place] = made[place].model_copy(update={"kms_key": key})


_PREFIX: Final = TypeAdapter[str](Prefix)
_LIKE: Final = frozenset({"StringLike", "StringEquals"})


def _is(one: Condition, operator: str, key: str) -> bool:
    return one.folded_key == key and one.operator.name == operator


def _prefix(keys: str) -> str:
    prefix = keys.removesuffix("*")
    try:
        return prefix and _PREFIX.validate_python(prefix)
    except ValidationError:
        raise UnsayableError(
            f"'{keys}' is not all keys under one prefix; a prefix ends in / and has no wildcards "
            "and no characters that IAM refuses in policies"
        ) from None


def _listed(value: str) -> str:
    if not value.endswith("*"):
        raise UnsayableError(
            f"s3:prefix is '{value}'; a grant with prefixes lists all keys under them, '{value}*'"
        )
    return _prefix(value)


def _rights(names: set[str], on_bucket: set[str]) -> Iterator[str]:
    """The words that are all among these actions, and the actions that no word gives."""
    said: set[str] = set()
    for word, actions in ACCESS.items():
        gives = {one.name for one in actions}
        if gives <= names | on_bucket and gives & names:
            yield word
            said |= gives
    yield from names - said


def is_met(rule: Rule) -> bool:
    """Whether any request can match a rule.

    An action on objects is asked for on `BUCKET/KEY`, an action on a bucket on `BUCKET`: policies
    often list both kinds with both resources, and half of that has no effect.
    """
    found = in_any_case(rule.action.values[0]) if not rule.action.negated else None
    place = rule.resource.values[0].partition(":s3:::")[2]
    if found is None or rule.resource.negated or not place:
        return True
    parts = pattern(place).tokens
    has_slash = any("/" in part for part in parts if isinstance(part, str))
    is_open = any(not isinstance(part, str) for part in parts)
    return has_slash or is_open if found.target is Target.OBJECT else not has_slash
