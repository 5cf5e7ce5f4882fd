"""Requests as S3 and KMS put them to IAM: the ARN and the context keys of a call.

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
    """A bucket, or a key in it; the key ``""`` is the bucket itself."""

    bucket: str
    key: str = ""

    def __str__(self) -> str:
        """The form that ``location`` reads."""
        return f"{SCHEME}{self.bucket}/{self.key}" if self.key else f"{SCHEME}{self.bucket}"


@dataclass(frozen=True)
class Caller:
    """How a call reaches AWS.

    ``user_name`` is known of IAM users only; without a source address the key is not there, as when
    the call comes through a VPC endpoint.
    """

    secure_transport: bool = True
    source_ip: str | None = None
    user_name: str | None = None

    def context(self) -> dict[str, str]:
        """The global context keys that come with the call."""
        keys = {"aws:SecureTransport": str(self.secure_transport).lower()}
        if self.source_ip is not None:
            keys["aws:SourceIp"] = self.source_ip
        if self.user_name is not None:
            keys["aws:username"] = self.user_name
        return keys


def location(text: str) -> Location:
    """Read ``s3://bucket`` or ``s3://bucket/key``; the key is taken as it is.

    Raises:
        ValueError: Anything else.
    """
    bucket, _, key = text.removeprefix(SCHEME).partition("/")
    if not text.startswith(SCHEME) or not bucket:
        raise ValueError(f"'{text}' is neither s3://bucket nor s3://bucket/key")
    return Location(bucket, key)


def s3_request(
    action: Action, place: Location, *, partition: str = "aws", caller: Caller = Caller()
) -> Request:
    """The request of one S3 action.

    An action on a bucket whose requests carry ``s3:prefix`` asks for the keys that begin with the
    location's key: all keys where it has none, as ``aws s3 ls s3://bucket`` asks.

    Raises:
        ValueError: An action on objects, and a location without a key.
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
        action: As ``kms:Decrypt``.
        key: ARN of the key.
        via_service: The service that calls for the identity, ``s3.eu-west-1.amazonaws.com``;
            None for a call by the identity itself.
        caller: How the call reaches AWS. A service that calls for the identity passes on its
            address (IAM User Guide, "Forward access sessions").
    """
    context = caller.context()
    if via_service is not None:
        context["kms:ViaService"] = via_service
    return Request(action, key, context)
