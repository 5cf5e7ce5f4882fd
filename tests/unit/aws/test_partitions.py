"""Partitions, held against the AWS SDK's own list of them."""

from typing import Any

import pytest
from botocore.loaders import Loader

from components.aws.partitions import (
    DNS_SUFFIXES,
    LONGEST,
    partition_of_arn,
    partition_of_region,
)

SDK: dict[str, Any] = {
    partition["id"]: partition for partition in Loader().load_data("partitions")["partitions"]
}
REGIONS = [
    (region, partition)
    for partition in DNS_SUFFIXES
    for region in SDK[partition]["regions"]
    if not region.endswith("-global")
]


@pytest.mark.parametrize(("region", "partition"), REGIONS)
def test_each_region_belongs_to_its_partition(region: str, partition: str) -> None:
    assert partition_of_region(region) == partition


def test_each_partition_has_regions() -> None:
    assert {partition for _, partition in REGIONS} == set(DNS_SUFFIXES)


@pytest.mark.parametrize("partition", DNS_SUFFIXES)
def test_services_have_the_dns_suffix_of_their_partition(partition: str) -> None:
    assert SDK[partition]["outputs"]["dnsSuffix"] == DNS_SUFFIXES[partition]


def test_without_a_region_sizes_are_reckoned_with_the_longest_name() -> None:
    assert len(LONGEST) == max(map(len, DNS_SUFFIXES))


@pytest.mark.parametrize("partition", DNS_SUFFIXES)
@pytest.mark.parametrize("rest", ["s3:::acme", "iam::111111111111:user/a:b", "kms:x:1:key/y"])
def test_an_arn_names_its_partition(partition: str, rest: str) -> None:
    assert partition_of_arn(f"arn:{partition}:{rest}") == partition


@pytest.mark.parametrize(
    "arn",
    [
        *("", "acme", "arn:aws", "arn:aws:s3::acme", "arn:aws-moon:s3:::acme"),
        *("xarn:aws:s3:::acme", "ARN:aws:s3:::a"),
    ],
)
def test_what_is_no_arn_of_a_known_partition_is_refused(arn: str) -> None:
    with pytest.raises(
        ValueError, match="is not an ARN of the partitions aws, aws-cn, aws-us-gov, aws-eusc"
    ):
        partition_of_arn(arn)
