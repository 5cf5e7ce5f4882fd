"""From permissions to the statements of one policy document."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from components.aws.actions import EVERYTHING
from components.aws.partitions import DNS_SUFFIXES, partition_of_arn
from components.iam.conditions import Condition, condition
from components.iam.document import Choice, Effect, PolicyDocument, Statement, document
from components.policy.permissions import Permission

CONSOLE_SID: Final = "VisualEditor1"
"""The Sid that the IAM console's visual editor gives the statement of ``access: [full]``."""


@dataclass(frozen=True)
class Restrictions:
    """Restrictions that apply to all grants of an identity, in each of its documents."""

    require_tls: bool = False
    source_ips: tuple[str, ...] = ()


def access_document(
    permissions: Iterable[Permission], bucket_arns: Mapping[str, str], restrictions: Restrictions
) -> PolicyDocument:
    """The document that allows exactly the permissions; see ``access_statements``."""
    return document(access_statements(permissions, bucket_arns, restrictions))


def access_statements(
    permissions: Iterable[Permission], bucket_arns: Mapping[str, str], restrictions: Restrictions
) -> list[Statement]:
    """The statements that allow exactly the permissions.

    Statements with the same actions and conditions are merged, and the order is canonical:
    the same permissions always give the same text.

    Args:
        permissions: The permissions to allow, at least one.
        bucket_arns: The ARN of each bucket, as looked up.
        restrictions: The restrictions of every statement.
    """
    wanted = tuple(permissions)
    source: Conditions = ()
    if restrictions.source_ips:
        addresses = tuple(sorted(restrictions.source_ips))
        source = (condition("IpAddress", "aws:SourceIp", addresses),)
    allowed = [
        *_on_objects(wanted, bucket_arns, source),
        *_on_buckets(wanted, bucket_arns, source),
        *_on_keys(wanted),
    ]
    denied = [_TLS_ONLY] if restrictions.require_tls else []
    return [*_merged(allowed), *denied]


_TLS_ONLY: Final = Statement(
    Choice(("s3:*",)),
    Choice(("*",)),
    (condition("Bool", "aws:SecureTransport", ("false",)),),
    effect=Effect.DENY,
)

Conditions = tuple[Condition, ...]
_Allowed = tuple[tuple[str, ...], str, Conditions]
"""Actions on one resource under conditions."""


def _on_objects(
    wanted: Iterable[Permission], arns: Mapping[str, str], source: Conditions
) -> Iterator[_Allowed]:
    for permission in wanted:
        if permission.on_objects:
            resource = f"{arns[permission.bucket]}/{permission.prefix}*"
            yield tuple(sorted(permission.on_objects)), resource, source


def _on_buckets(
    wanted: Iterable[Permission], arns: Mapping[str, str], source: Conditions
) -> Iterator[_Allowed]:
    """Actions on buckets; the prefixes of several permissions are joined in one condition."""
    prefixes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for permission in wanted:
        for name in permission.listing:
            prefixes[permission.bucket, name].add(permission.prefix)
        for name in permission.on_bucket:
            prefixes[permission.bucket, name].add("")
    together: defaultdict[tuple[str, Conditions], set[str]] = defaultdict(set)
    for (bucket, name), held in prefixes.items():
        conditions = source if "" in held else (*source, _under(held))
        together[bucket, conditions].add(name)
    for (bucket, conditions), names in together.items():
        yield tuple(sorted(names)), arns[bucket], conditions


def _under(prefixes: Iterable[str]) -> Condition:
    return condition("StringLike", "s3:prefix", tuple(sorted(f"{one}*" for one in prefixes)))


def _on_keys(wanted: Iterable[Permission]) -> Iterator[_Allowed]:
    """Use of KMS keys, only through S3.

    There is no condition on the source address: S3 calls KMS, and AWS's guides differ on
    the address that KMS then sees (IAM User Guide, "Denies access based
    on the source IP": the caller's; KMS Developer Guide, "Using the IP address
    condition": not the caller's). S3 has already checked the address.
    """
    together: defaultdict[str, set[str]] = defaultdict(set)
    for permission in wanted:
        for key, name in permission.on_keys:
            together[key].add(name)
    for key, names in together.items():
        # A bucket's key is in the bucket's region, so the key's ARN names it.
        service = f"s3.{key.split(':')[3]}.{DNS_SUFFIXES[partition_of_arn(key)]}"
        yield tuple(sorted(names)), key, (condition("StringEquals", "kms:ViaService", (service,)),)


def _merged(allowed: Iterable[_Allowed]) -> list[Statement]:
    together: defaultdict[tuple[tuple[str, ...], Conditions], set[str]] = defaultdict(set)
    for actions, resource, conditions in allowed:
        together[actions, conditions].add(resource)
    merged = [
        Statement(
            Choice(actions),
            Choice(tuple(sorted(resources))),
            conditions,
            sid=CONSOLE_SID if actions == (EVERYTHING,) else None,
        )
        for (actions, conditions), resources in together.items()
    ]
    return sorted(merged, key=_order)


def _order(statement: Statement) -> tuple[object, ...]:
    conditions = [(one.operator.name, one.key, one.values) for one in statement.conditions]
    return statement.actions.values, statement.resources.values, conditions
