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


def partition_of_region(region: str | None) -> str:
    """The partition that a region belongs to, before AWS was asked.

    Without a region the one with the longest name, so that a size that is
    reckoned with it is never too small.
    """
    if region is None:
        return max(DNS_SUFFIXES, key=len)
    for prefix, partition in _REGION_PREFIXES.items():
        if region.startswith(prefix):
            return partition
    return COMMERCIAL


def partition_of_arn(arn: str) -> str:
    """The partition that an ARN names: ``arn:aws-cn:s3:::acme`` is in ``aws-cn``.

    Raises:
        ValueError: where this is no ARN, or of a partition not known here.
    """
    parts = arn.split(":")
    if parts[0] != "arn" or len(parts) < 6 or parts[1] not in DNS_SUFFIXES:  # noqa: PLR2004 - arn:partition:service:region:account:resource
        raise ValueError(f"'{arn}' is no ARN of {', '.join(DNS_SUFFIXES)}")
    return parts[1]
