"""AWS partitions: groups of regions with their own ARNs and DNS names."""

from collections.abc import Mapping
from typing import Final

COMMERCIAL: Final = "aws"

DNS_SUFFIXES: Final[Mapping[str, str]] = {
    COMMERCIAL: "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
    "aws-eusc": "amazonaws.eu",
}
"""DNS suffix of each partition's services (AWS General Reference, "Service endpoints")."""

_REGION_PREFIXES: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}


LONGEST: Final = max(DNS_SUFFIXES, key=len)
"""The partition with the longest name, for sizes while the partition is not known."""


def region_in_use(configured: str | None, environment: Mapping[str, str]) -> str | None:
    """The region that the AWS provider uses: from the config, else the environment, or None."""
    named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return configured or named or None


def partition_of_region(region: str | None) -> str:
    """The partition of a region, derived from the region's name.

    Without a region this is a guess: the commercial partition.
    """
    for prefix, partition in _REGION_PREFIXES.items():
        if region is not None and region.startswith(prefix):
            return partition
    return COMMERCIAL


def partition_of_arn(arn: str) -> str:
    """The partition that an ARN names: ``arn:aws-cn:s3:::acme`` is in ``aws-cn``.

    Raises:
        ValueError: The text is not an ARN, or its partition is not supported.
    """
    parts = arn.split(":")
    if parts[0] != "arn" or len(parts) < 6 or parts[1] not in DNS_SUFFIXES:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        raise ValueError(f"'{arn}' is not an ARN of the partitions {', '.join(DNS_SUFFIXES)}")
    return parts[1]


def account_of_arn(arn: str) -> str:
    """The account that an ARN names: ``arn:aws:iam::111111111111:user/ci`` is in 111111111111."""
    return arn.split(":", 5)[4]


def bucket_arn(partition: str, bucket: str) -> str:
    """The ARN of a bucket (Amazon S3 User Guide, "Policy resources for Amazon S3")."""
    return f"arn:{partition}:s3:::{bucket}"
