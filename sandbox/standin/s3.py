"""The table's row of S3: a bucket that a program makes beside its identities."""

from typing import Any, Final

from sandbox.standin.aws import Aws
from sandbox.standin.resource_type import Property, ResourceType
from sandbox.standin.values import Values

_NO_CONSTRAINT: Final = "us-east-1"
"""The region that CreateBucket takes no LocationConstraint for."""


def _create(aws: Aws, new: Values) -> Values:
    s3: Any = aws.s3
    where = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    s3.create_bucket(Bucket=new["bucket"], **({} if aws.region == _NO_CONSTRAINT else where))
    return {"Arn": f"arn:{aws.partition}:s3:::{new['bucket']}"}


def _read(aws: Aws, old: Values) -> Values:
    aws.s3.head_bucket(Bucket=old["bucket"])
    return {"Bucket": old["bucket"], "Arn": f"arn:{aws.partition}:s3:::{old['bucket']}"}


ROWS: Final = (
    ResourceType(
        token="aws:s3/bucket:Bucket",  # noqa: S106 - a type's token
        title="S3 Bucket",
        service="s3",
        properties={
            "bucket": Property("Bucket", required=True, replaces=True),
            "arn": Property("Arn", output=True),
        },
        id="{bucket}",
        key={"Bucket": "bucket"},
        create=_create,
        read=_read,
        delete="delete_bucket",
    ),
)
