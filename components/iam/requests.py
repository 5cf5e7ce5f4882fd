"""Requests of S3 and KMS calls: the resource's ARN and the context keys.

Keys: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3" and
"... for AWS KMS"; IAM User Guide, "AWS global condition context keys".
"""

from dataclasses import dataclass
from typing import Final

from components.aws.actions import Action, Target
from components.aws.partitions import bucket_arn
from components.iam.decide import Request

SCHEME: Final = "s3://"


@dataclass(frozen=True)
class Location:
    """A bucket, or an object key in it; the key ``""`` means the bucket itself."""

    bucket: str
    key: str = ""

    def __str__(self) -> str:
        """The inverse of ``location``."""
        return f"{SCHEME}{self.bucket}/{self.key}" if self.key else f"{SCHEME}{self.bucket}"


@dataclass(frozen=True)
class Caller:
    """How a call reaches AWS.

    Only IAM users have a ``user_name``. Without a source address, the key is missing from the
    request, as in calls through a VPC endpoint.
    """

    secure_transport: bool = True
    source_ip: str | None = None
    user_name: str | None = None

    def context(self) -> dict[str, str]:
        """The global context keys of the call."""
        keys = {"aws:SecureTransport": str(self.secure_transport).lower()}
        if self.source_ip is not None:
            keys["aws:SourceIp"] = self.source_ip
        if self.user_name is not None:
            keys["aws:username"] = self.user_name
        return keys


def location(text: str) -> Location:
    """Parse ``s3://bucket`` or ``s3://bucket/key``; the key is not decoded.

    Raises:
        ValueError: The text is something else.
    """
    bucket, _, key = text.removeprefix(SCHEME).partition("/")
    if not text.startswith(SCHEME) or not bucket:
        raise ValueError(f"'{text}' is neither s3://bucket nor s3://bucket/key")
    return Location(bucket, key)


def s3_request(
    action: Action, place: Location, *, partition: str = "aws", caller: Caller = Caller()
) -> Request:
    """The request of one S3 action.

    If requests for the action contain ``s3:prefix``, the prefix is the location's key. Without a
    key it is empty, as in ``aws s3 ls s3://bucket``.

    Raises:
        ValueError: The action acts on objects, and the location has no key.
    """
    bucket = bucket_arn(partition, place.bucket)
    context = caller.context()
    if action.target is Target.BUCKET:
        if action.knows_prefix:
            context["s3:prefix"] = place.key
        return Request(action.name, bucket, context)
    if not place.key:
        raise ValueError(f"{action.name} acts on an object: give {place}/KEY")
    return Request(action.name, f"{bucket}/{place.key}", context)


def kms_request(
    action: str, key: str, *, via_service: str | None, caller: Caller = Caller()
) -> Request:
    """The request to use a KMS key.

    Args:
        action: For example ``kms:Decrypt``.
        key: The ARN of the key.
        via_service: The service that calls for the identity (``s3.eu-west-1.amazonaws.com``), or
            None if the identity calls KMS itself.
        caller: How the call reaches AWS. A service that calls for the identity forwards its
            address (IAM User Guide, "Forward access sessions").
    """
    context = caller.context()
    if via_service is not None:
        context["kms:ViaService"] = via_service
    return Request(action, key, context)
