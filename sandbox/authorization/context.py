"""The condition keys of a call.

By the IAM User Guide, "AWS global condition context keys", and the Service Authorization Reference,
"Actions, resources, and condition keys", for Amazon S3 and AWS KMS. A key that a call does not have
is absent.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.parsers.expat import ExpatError

import xmltodict

from sandbox.authorization.operations import ACL, Address, Requirement, S3Call
from sandbox.authorization.request import HttpRequest
from sandbox.authorization.signatures import Signed
from sandbox.authorization.stored import Bucket, Encryption

Keys = Mapping[str, str | Sequence[str]]

_LISTING: Final = ("prefix", "delimiter", "max-keys")
LISTING: Final = frozenset(f"s3:{key}" for key in _LISTING)
"""The keys that only listings have."""
_LOCK: Final = ("object-lock-mode", "object-lock-retain-until-date")
_HOLD: Final = ("object-lock-legal-hold",)
_ENCRYPTION: Final = "x-amz-server-side-encryption"
_ENCRYPTED: Final = (_ENCRYPTION, f"{_ENCRYPTION}-aws-kms-key-id")
_CREATES: Final = (
    *ACL,
    *_ENCRYPTED,
    f"{_ENCRYPTION}-customer-algorithm",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
)

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "s3:ListBucket": _LISTING,
    "s3:ListBucketVersions": _LISTING,
    "s3:PutObject": (*_CREATES, *_LOCK, *_HOLD, "if-match", "if-none-match"),
    "s3:BypassGovernanceRetention": _CREATES,
    "s3:DeleteObject": ("if-match",),
    "s3:PutObjectAcl": (*ACL, "x-amz-storage-class"),
    "s3:PutObjectVersionAcl": (*ACL, "x-amz-storage-class"),
    "s3:PutBucketAcl": ACL,
    "s3:CreateBucket": (*ACL, "x-amz-object-ownership", "locationconstraint"),
    "s3:PutObjectRetention": _LOCK,
    "s3:PutObjectLegalHold": _HOLD,
    "s3:UpdateObjectEncryption": _ENCRYPTED,
}
"""Keys of single actions, `s3:` left out: parameters and headers of the call, where it has them."""
REQUEST_TAGS: Final = frozenset(
    {
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
        "s3:BypassGovernanceRetention",
    }
)
"""Actions whose calls have the tags to set."""
EXISTING_TAGS: Final = frozenset(
    {
        *("s3:GetObject", "s3:GetObjectAttributes"),
        *("s3:GetObjectVersion", "s3:GetObjectVersionAttributes"),
        *(f"s3:{verb}Object{part}Acl" for verb in ("Get", "Put") for part in ("", "Version")),
        *(
            f"s3:{verb}Object{part}Tagging"
            for verb in ("Get", "Put", "Delete")
            for part in ("", "Version")
        ),
    }
)
"""Actions whose calls have the tags of the object as it is."""


def of_call(http: HttpRequest, region: str, now: datetime) -> Keys:
    """The keys that a call of any service has, but for those of its principal."""
    keys: dict[str, str | Sequence[str]] = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:SourceIp": http.source_ip,
        "aws:SecureTransport": str(http.secure).lower(),
        "aws:RequestedRegion": region,
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
    }
    for key, header in (("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")):
        if header in http.headers:
            keys[key] = http.headers[header]
    return keys


def of_s3(
    call: S3Call, signed: Signed, required: Requirement, target: Address, bucket: Bucket | None
) -> Keys:
    """The keys of S3 that an action of a call has."""
    action = required.action_on(target)
    keys: dict[str, str | Sequence[str]] = {
        "s3:authType": "REST-QUERY-STRING" if signed.presigned else "REST-HEADER",
        "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:x-amz-content-sha256": signed.payload,
    }
    if signed.presigned:
        age = datetime.now(UTC) - signed.at
        keys["s3:signatureAge"] = str(int(age.total_seconds() * 1000))
    if bucket is not None and target.bucket:
        keys["s3:ResourceAccount"] = keys["aws:ResourceAccount"] = bucket.account
    given = _given(call)
    keys |= {f"s3:{key}": given[key] for key in KEYS.get(action, ()) if key in given}
    if required.versioned and target.version:
        keys["s3:versionid"] = target.version
    if action in REQUEST_TAGS and (tags := _request_tags(call)):
        keys |= {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
        keys["s3:RequestObjectTagKeys"] = tuple(tags)
    if action in EXISTING_TAGS and bucket is not None:
        found = bucket.tags(target)
        keys |= {f"s3:ExistingObjectTag/{key}": value for key, value in found.items()}
    return keys


def of_kms(call: S3Call, used: Encryption, bucket: Bucket, arn: str, account: str) -> Keys:
    """The keys of KMS when S3 calls it for an object."""
    given = {"aws:s3:arn": arn.partition("/")[0] if used.bucket_key else arn}
    given |= _client_context(call.http.headers.get(f"{_ENCRYPTION}-context", ""))
    return {
        "kms:ViaService": bucket.via_service,
        "kms:CallerAccount": account,
        "aws:ViaAWSService": "true",
        "kms:EncryptionContextKeys": tuple(given),
        **{f"kms:EncryptionContext:{key}": value for key, value in given.items()},
    }


def replication_role(call: S3Call) -> str:
    """The role that a replication's configuration gives to S3."""
    return str(_body(call, "ReplicationConfiguration").get("Role"))


def _client_context(header: str) -> dict[str, str]:
    try:
        given = json.loads(base64.b64decode(header, validate=True))
        return {key: str(value) for key, value in given.items()}
    except (binascii.Error, ValueError, AttributeError):
        return {}


def _given(call: S3Call) -> dict[str, str]:
    """The call's parameters and headers by the names of their condition keys."""
    headers = {
        key.removeprefix("x-amz-") if "object-lock" in key else key: value
        for key, value in call.http.headers.items()
    }
    given: dict[str, Any] = headers | dict(call.http.query)
    if call.operation == "PutObjectRetention":
        body = _body(call, "Retention")
        given |= {
            "object-lock-mode": body.get("Mode"),
            "object-lock-retain-until-date": body.get("RetainUntilDate"),
        }
    elif call.operation == "PutObjectLegalHold":
        given |= {"object-lock-legal-hold": _body(call, "LegalHold").get("Status")}
    elif call.operation == "CreateBucket":
        given |= {
            "locationconstraint": _body(call, "CreateBucketConfiguration").get("LocationConstraint")
        }
    return {key: value for key, value in given.items() if isinstance(value, str)}


def _request_tags(call: S3Call) -> dict[str, str]:
    if call.operation != "PutObjectTagging":
        return dict(parse_qsl(call.http.headers.get("x-amz-tagging", ""), keep_blank_values=True))
    found = _body(call, "Tagging").get("TagSet") or {}
    tags = found.get("Tag", []) if isinstance(found, dict) else []
    listed = tags if isinstance(tags, list) else [tags]
    return {
        str(tag.get("Key")): str(tag.get("Value") or "") for tag in listed if isinstance(tag, dict)
    }


def _body(call: S3Call, root: str) -> dict[str, Any]:
    """The values in the body of a call; none if it is not what S3 takes."""
    try:
        found = xmltodict.parse(call.http.body)[root]
    except (ExpatError, KeyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
