"""Findings in valid settings that IAM would refuse: sizes over its limits, wrong partitions."""

from collections.abc import Iterator

from components.aws import limits
from components.aws.partitions import COMMERCIAL, bucket_arn, partition_of_arn
from components.iam.document import size
from components.policy.access import Restrictions, access_document
from components.policy.permissions import permissions
from components.policy.split import TooLargeError
from components.policy.trust import provider_arn, trust_document
from components.settings.findings import Finding
from components.settings.model import Grant, Role, User

_NAMED = 3
_ANY_ACCOUNT = "0" * 12


def key_findings(path: str, grant: Grant, partition: str) -> Iterator[Finding]:
    """A finding if the grant's KMS key is in another partition than its bucket."""
    if grant.kms_key is not None and partition_of_arn(grant.kms_key) != partition:
        yield Finding(
            f"{path}.kmsKey",
            f"'{grant.kms_key}' is in another partition than the bucket, which is in {partition}",
        )


def trust_findings(path: str, role: Role, partition: str, *, is_known: bool) -> Iterator[Finding]:
    """Findings about a trust policy that IAM would refuse.

    ``partition`` is the partition of the role; a guess if ``is_known`` is false.
    """
    trust = role.trust
    if is_known and trust.project_id_claim and partition != COMMERCIAL:
        yield Finding(
            f"{path}.trust.projectIdClaim",
            f"true: AWS supports this condition key in the partition {COMMERCIAL}, "
            f"not in {partition}",
        )
    provider = provider_arn(partition, _ANY_ACCOUNT, trust.organization)
    if (characters := size(trust_document(trust, provider))) > limits.TRUST:
        parts = {
            "projects": trust.projects,
            "users": trust.users,
            "origins": trust.origins,
            "refs": trust.refs,
        }
        counts = ", ".join(f"{len(values)} {noun}" for noun, values in parts.items() if values)
        yield Finding(
            f"{path}.trust",
            f"makes a trust policy of {characters:,} characters ({counts}, in every combination); "
            f"IAM allows {limits.TRUST:,}: list fewer, end refs in one *, or make two roles",
        )


def size_finding(path: str, identity: User | Role, error: TooLargeError, partition: str) -> Finding:
    """The finding for grants that do not fit: the size, the limits and the largest grants."""
    if error.policies is None:
        problem = f"one prefix needs {error.size:,} characters"
    else:
        problem = (
            f"make policies of {error.size:,} characters, which would need "
            f"{error.policies} managed policies"
        )
    weighed = sorted(
        ((_weight(grant, partition), index) for index, grant in enumerate(identity.grants)),
        reverse=True,
    )
    heaviest = ", ".join(
        f"grants[{index}] ({identity.grants[index].bucket}) {weight:,}"
        for weight, index in weighed[:_NAMED]
    )
    return Finding(
        f"{path}.grants",
        f"{problem}; a {identity.KIND} may have {limits.INLINE[identity.KIND]:,} characters of "
        f"inline policies and {limits.ATTACHED} managed policies of {limits.MANAGED:,}. "
        f"Largest: {heaviest}. Use fewer or shorter prefixes, or make two identities",
    )


def _weight(grant: Grant, partition: str) -> int:
    """The size of a document with only this grant; together with others it needs less."""
    arns = {grant.bucket: bucket_arn(partition, grant.bucket)}
    return size(access_document(permissions([grant]), arns, Restrictions()))
