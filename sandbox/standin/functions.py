"""The table: functions, which look things up."""

from collections.abc import Callable, Mapping
from typing import Final

from botocore.exceptions import ClientError

from components.aws.partitions import DNS_SUFFIXES
from sandbox.standin.aws import Aws
from sandbox.standin.errors import StandInError, aws_words, is_gone
from sandbox.standin.oidc import find_provider
from sandbox.standin.values import Values


def _bucket(aws: Aws, args: Values) -> Values:
    name = args["bucket"]
    try:
        head = aws.s3.head_bucket(Bucket=name)
    except ClientError as error:
        reason = "couldn't find resource" if is_gone(error) else aws_words(error)
        raise StandInError(f"reading S3 Bucket ({name}): {reason}") from None
    region = head.get("BucketRegion") or aws.region
    suffix = DNS_SUFFIXES.get(aws.partition, "amazonaws.com")
    return {
        "arn": f"arn:{aws.partition}:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.{suffix}",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{name}.s3.{region}.{suffix}",
        "hostedZoneId": "",
        "id": name,
        "region": args.get("region", aws.region),
        "websiteDomain": "",
        "websiteEndpoint": "",
    }


def _caller_identity(aws: Aws, _args: Values) -> Values:
    caller = aws.sts.get_caller_identity()
    return {
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "id": caller["Account"],
        "userId": caller["UserId"],
    }


def _partition(aws: Aws, _args: Values) -> Values:
    suffix = DNS_SUFFIXES.get(aws.partition, "amazonaws.com")
    return {
        "dnsSuffix": suffix,
        "id": aws.partition,
        "partition": aws.partition,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _region(aws: Aws, _args: Values) -> Values:
    return {
        "description": aws.region,
        "endpoint": f"ec2.{aws.region}.{DNS_SUFFIXES.get(aws.partition, 'amazonaws.com')}",
        "id": aws.region,
        "name": aws.region,
        "region": aws.region,
    }


FUNCTIONS: Final[Mapping[str, Callable[[Aws, Values], Values]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": find_provider,
    "aws:s3/getBucket:getBucket": _bucket,
}
