"""An identity's documents, planned before AWS is asked for anything.

How many policies an identity needs depends on sizes, and sizes on the buckets'
ARNs. Those follow from the names and the partition, so that all limits are
checked in the preview; the documents themselves hold the ARNs that AWS gave.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from components.aws import limits
from components.aws.partitions import COMMERCIAL, partition_of_arn
from components.policy.access import Restrictions, access_document
from components.policy.document import PolicyDocument, size
from components.policy.permissions import permissions
from components.policy.split import Layout, TooLargeError, layout
from components.policy.trust import provider_arn, trust_document
from components.settings.findings import Finding, SettingsError, path_of
from components.settings.model import Grant, Role, Stack, User

_NAMED = 3
_ANY_ACCOUNT = "0" * 12


@dataclass(frozen=True)
class Plan:
    """Which documents an identity gets, and what each allows."""

    layout: Layout
    restrictions: Restrictions

    def document(self, key: str, bucket_arns: Mapping[str, str]) -> PolicyDocument:
        """One document of the layout, with each bucket's ARN as looked up.

        Raises:
            OtherPartitionError: where a KMS key is in another partition than its bucket.
        """
        return access_document(self.layout.documents[key], bucket_arns, self.restrictions)


def plan(identity: User | Role, partition: str) -> Plan:
    """Lay out one identity's grants over inline and managed policies.

    Raises:
        TooLargeError: where they fit no layout.
    """
    arns = _arns(identity, partition)
    limits_of_all = Restrictions(identity.require_tls, identity.source_ips)
    spread = layout(
        identity.KIND,
        permissions(identity.grants),
        lambda some: size(access_document(some, arns, limits_of_all)),
    )
    return Plan(spread, limits_of_all)


def plans(stack: str, settings: Stack, partition: str) -> dict[str, Plan]:
    """Plan every identity of a stack.

    Raises:
        SettingsError: with a finding for each identity that can't be as wished.
    """
    planned: dict[str, Plan] = {}
    findings: list[Finding] = []
    for name, identity in settings.identities.items():
        faults = list(_key_faults(identity, partition))
        if isinstance(identity, Role):
            faults += _trust_faults(identity, partition)
        if not faults:
            try:
                planned[name] = plan(identity, partition)
            except TooLargeError as error:
                faults = [Finding("grants", _too_large(identity, error, partition))]
        path = path_of(("identities", name))
        findings += [Finding(f"{path}.{fault.path}", fault.message) for fault in faults]
    if findings:
        raise SettingsError(stack, findings)
    return planned


def _arns(identity: User | Role, partition: str) -> dict[str, str]:
    return {grant.bucket: f"arn:{partition}:s3:::{grant.bucket}" for grant in identity.grants}


def _key_faults(identity: User | Role, partition: str) -> Iterator[Finding]:
    for index, grant in enumerate(identity.grants):
        if grant.kms_key is not None and partition_of_arn(grant.kms_key) != partition:
            yield Finding(
                f"grants[{index}].kmsKey",
                f"'{grant.kms_key}' is in another partition than the stack's region, "
                f"which is in {partition}",
            )


def _trust_faults(role: Role, partition: str) -> Iterator[Finding]:
    trust = role.trust
    if trust.project_id_claim and partition != COMMERCIAL:
        yield Finding(
            "trust.projectIdClaim", f"true: AWS knows this key in {COMMERCIAL}, not in {partition}"
        )
    provider = provider_arn(partition, _ANY_ACCOUNT, trust.organization)
    if (characters := size(trust_document(trust, provider))) > limits.TRUST:
        counts = ", ".join(
            f"{len(values)} {noun}"
            for noun, values in (
                ("projects", trust.projects),
                ("users", trust.users),
                ("origins", trust.origins),
                ("refs", trust.refs),
            )
            if values
        )
        yield Finding(
            "trust",
            f"makes a trust policy of {characters:,} characters ({counts}, in every combination); "
            f"IAM takes {limits.TRUST:,}: name fewer, end refs in one *, or make two roles",
        )


def _too_large(identity: User | Role, error: TooLargeError, partition: str) -> str:
    if error.policies is None:
        problem = f"one prefix takes {error.size:,} characters"
    else:
        problem = (
            f"make policies of {error.size:,} characters, which need "
            f"{error.policies} managed policies"
        )
    weighed = sorted(
        (
            (_weight(grant, identity, partition), index)
            for index, grant in enumerate(identity.grants)
        ),
        reverse=True,
    )
    heaviest = ", ".join(
        f"grants[{index}] ({identity.grants[index].bucket}) {weight:,}"
        for weight, index in weighed[:_NAMED]
    )
    return (
        f"{problem}; a {identity.KIND} takes {limits.INLINE[identity.KIND]:,} inline or "
        f"{limits.ATTACHED} managed policies of {limits.MANAGED:,}. "
        f"Heaviest: {heaviest}. Grant fewer or shorter prefixes, or make two identities"
    )


def _weight(grant: Grant, identity: User | Role, partition: str) -> int:
    """Characters that a grant takes alone; beside others it shares some of them."""
    alone = access_document(permissions([grant]), _arns(identity, partition), Restrictions())
    return size(alone)
