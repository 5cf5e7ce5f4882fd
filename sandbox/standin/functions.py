"""The table's functions, which look things up."""

from collections.abc import Callable, Mapping
from typing import Final

from botocore.exceptions import ClientError

from components.aws.partitions import DNS_SUFFIXES
from sandbox.standin.aws import Aws, read_tags
from sandbox.standin.errors import StandInError, aws_words, is_gone
from sandbox.standin.values import Values


def _bucket(aws: Aws, args: Values) -> Values:
    name = args["bucket"]
    try:
        head = aws.s3.head_bucket(Bucket=name)
    except ClientError as error:
        reason = "couldn't find resource" if is_gone(error) else aws_words(error)
        raise StandInError(f"reading S3 Bucket ({name}): {reason}") from None
    return {
        "arn": f"arn:{aws.partition}:s3:::{name}",
        "bucket": name,
        "bucketRegion": head.get("BucketRegion") or aws.region,
        "id": name,
        "region": args.get("region", aws.region),
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
    return {"id": aws.region, "name": aws.region, "region": aws.region}


def _open_id_connect_provider(aws: Aws, args: Values) -> Values:
    arn = args.get("arn") or _arn_of(aws, args.get("url", "").removeprefix("https://"))
    try:
        found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    except ClientError as error:
        raise StandInError(f"reading IAM OIDC Provider ({arn}): {aws_words(error)}") from None
    return {
        "arn": arn,
        "clientIdLists": found["ClientIDList"],
        "id": arn,
        "tags": read_tags(found.get("Tags", [])),
        "url": found["Url"],
    }


def _arn_of(aws: Aws, url: str) -> str:
    listed = aws.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    for provider in listed:
        if provider["Arn"].partition(":oidc-provider/")[2] == url:
            return provider["Arn"]
    raise StandInError(f"finding IAM OIDC Provider by url ({url}): not found")


FUNCTIONS: Final[Mapping[str, Callable[[Aws, Values], Values]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": _open_id_connect_provider,
    "aws:s3/getBucket:getBucket": _bucket,
}
