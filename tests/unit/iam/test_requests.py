"""The requests that calls to S3 and KMS make."""

import re

import pytest

from components.aws.actions import action
from components.iam.decide import Request
from components.iam.requests import Caller, kms_request, location, s3_request


def test_s3_requests_carry_what_s3_sends() -> None:
    tls = {"aws:SecureTransport": "true"}
    listed = s3_request(action("s3:ListBucket"), location("s3://b/x/"))
    assert listed == Request("s3:ListBucket", "arn:aws:s3:::b", tls | {"s3:prefix": "x/"})
    located = s3_request(action("s3:GetBucketLocation"), location("s3://b/x/"))
    assert located == Request("s3:GetBucketLocation", "arn:aws:s3:::b", tls)
    caller = Caller(secure_transport=False, source_ip="203.0.113.1", user_name="bob")
    got = s3_request(
        action("s3:GetObject"), location("s3://b/x/*y"), partition="aws-cn", caller=caller
    )
    context = {
        "aws:SecureTransport": "false",
        "aws:SourceIp": "203.0.113.1",
        "aws:username": "bob",
    }
    assert got == Request("s3:GetObject", "arn:aws-cn:s3:::b/x/*y", context)


def test_kms_requests_name_the_service_that_calls_and_keep_the_callers_address() -> None:
    key, caller = "arn:aws:kms:eu-west-1:111111111111:key/k", Caller(source_ip="203.0.113.1")
    direct = kms_request("kms:Decrypt", key, via_service=None, caller=caller)
    assert direct.context == {"aws:SecureTransport": "true", "aws:SourceIp": "203.0.113.1"}
    service = "s3.eu-west-1.amazonaws.com"
    through = kms_request("kms:Decrypt", key, via_service=service, caller=caller)
    assert through.context == {**direct.context, "kms:ViaService": service}


@pytest.mark.parametrize("text", ["b/k", "s3://", "s3:///k", "https://b/k"])
def test_a_location_is_an_s3_url(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"'{text}'")):
        location(text)


def test_an_action_on_objects_needs_a_key() -> None:
    with pytest.raises(ValueError, match="s3:GetObject acts on an object: give s3://b/KEY"):
        s3_request(action("s3:GetObject"), location("s3://b"))
