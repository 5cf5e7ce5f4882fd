"""The table: which actions each operation of S3 needs, and on what.

By the Amazon S3 User Guide, "Required permissions for Amazon S3 API operations", and the pages of
the operations in the Amazon S3 API Reference.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sandbox.authorization.request import HttpRequest


class ActsOn(Enum):
    """What an action acts on."""

    BUCKET = "the bucket"
    OBJECT = "the object"
    SOURCE = "the object that is copied"
    EVERYTHING = "*"
    KEY = "the KMS key of the object, or of a new object"
    OLD_KEY = "the KMS key of the object as it is"
    SOURCE_KEY = "the KMS key of the object that is copied"
    UPLOAD_KEY = "the KMS key of the multipart upload"
    ROLE = "the role that S3 is to use"


@dataclass(frozen=True)
class Address:
    """A bucket, or an object or a version of it."""

    bucket: str
    key: str = ""
    version: str | None = None


@dataclass(frozen=True)
class S3Call:
    """A call of an S3 operation."""

    operation: str
    http: HttpRequest
    target: Address
    source: Address | None = None
    tagged: bool = False
    """Whether the object that is copied has tags."""

    def has(self, *headers: str) -> bool:
        """Whether the call has one of the headers."""
        return any(name in self.http.headers for name in headers)


@dataclass(frozen=True)
class Requirement:
    """An action that an operation needs."""

    action: str
    on: ActsOn
    versioned: str | None = None
    """The action in its place if the call names a version."""
    when: Callable[[S3Call], bool] = lambda _: True

    def action_on(self, target: Address) -> str:
        """The action that the call needs."""
        return self.versioned if self.versioned and target.version else self.action


def requirements(call: S3Call) -> Iterator[Requirement]:
    """The actions that a call needs."""
    return (required for required in TABLE[call.operation] if required.when(call))


def _object(action: str, versioned: str | None = None) -> Requirement:
    return Requirement(f"s3:{action}", ActsOn.OBJECT, versioned and f"s3:{versioned}")


def _bucket(action: str) -> Requirement:
    return Requirement(f"s3:{action}", ActsOn.BUCKET)


def _with(required: Requirement, *headers: str) -> Requirement:
    """The requirement of a call that has one of the headers."""
    return Requirement(
        required.action, required.on, required.versioned, lambda call: call.has(*headers)
    )


def _copies_tags(call: S3Call) -> bool:
    replaces = call.http.headers.get("x-amz-tagging-directive", "").upper() == "REPLACE"
    return call.tagged and not replaces


ACL: Final = (
    "x-amz-acl",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
)
_LOCK: Final = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")

_READ: Final = (
    _object("GetObject", "GetObjectVersion"),
    Requirement("kms:Decrypt", ActsOn.OLD_KEY),
)
_BYPASS: Final = _with(_object("BypassGovernanceRetention"), "x-amz-bypass-governance-retention")
_DELETE: Final = (_object("DeleteObject", "DeleteObjectVersion"), _BYPASS)
_WRITE: Final = (
    _object("PutObject"),
    _with(_object("PutObjectAcl"), *ACL),
    _with(_object("PutObjectTagging"), "x-amz-tagging"),
    _with(_object("PutObjectRetention"), *_LOCK),
    _with(_object("PutObjectLegalHold"), "x-amz-object-lock-legal-hold"),
    Requirement("kms:GenerateDataKey", ActsOn.KEY),
)
_PART: Final = (_object("PutObject"), Requirement("kms:Decrypt", ActsOn.UPLOAD_KEY))
_SOURCE: Final = (
    Requirement("s3:GetObject", ActsOn.SOURCE, "s3:GetObjectVersion"),
    Requirement("kms:Decrypt", ActsOn.SOURCE_KEY),
)
_SOURCE_TAGS: Final = (
    Requirement("s3:GetObjectTagging", ActsOn.SOURCE, "s3:GetObjectVersionTagging", _copies_tags),
    Requirement("s3:PutObjectTagging", ActsOn.OBJECT, None, _copies_tags),
)


def _configured(
    name: str, action: str | None = None, *, changes: bool = True
) -> dict[str, Requirement]:
    """Get, Put and Delete of a bucket's configuration; to delete one, the right to put it."""
    base = action or name
    put = _bucket(f"Put{base}")
    rest = {f"Put{name}": put, f"Delete{name}": put} if changes else {f"Put{name}": put}
    return {f"Get{name}": _bucket(f"Get{base}"), **rest}


_BUCKETS: Final[Mapping[str, Requirement]] = {
    "ListBuckets": Requirement("s3:ListAllMyBuckets", ActsOn.EVERYTHING),
    "HeadBucket": _bucket("ListBucket"),
    "ListObjects": _bucket("ListBucket"),
    "ListObjectsV2": _bucket("ListBucket"),
    "ListObjectVersions": _bucket("ListBucketVersions"),
    "ListMultipartUploads": _bucket("ListBucketMultipartUploads"),
    "DeleteBucket": _bucket("DeleteBucket"),
    "GetBucketLocation": _bucket("GetBucketLocation"),
    "GetBucketPolicyStatus": _bucket("GetBucketPolicyStatus"),
    "GetBucketMetadataConfiguration": _bucket("GetBucketMetadataTableConfiguration"),
    "GetBucketMetadataTableConfiguration": _bucket("GetBucketMetadataTableConfiguration"),
    "DeleteBucketMetadataConfiguration": _bucket("DeleteBucketMetadataTableConfiguration"),
    "DeleteBucketMetadataTableConfiguration": _bucket("DeleteBucketMetadataTableConfiguration"),
    "GetBucketLifecycle": _bucket("GetLifecycleConfiguration"),
    "PutBucketLifecycle": _bucket("PutLifecycleConfiguration"),
    "DeleteBucketLifecycle": _bucket("PutLifecycleConfiguration"),
    "GetBucketNotification": _bucket("GetBucketNotification"),
    "PutBucketNotification": _bucket("PutBucketNotification"),
    **_configured("BucketAbac", changes=False),
    **_configured("BucketAccelerateConfiguration", "AccelerateConfiguration", changes=False),
    **_configured("BucketAcl", changes=False),
    **_configured("BucketCors", "BucketCORS"),
    **_configured("BucketEncryption", "EncryptionConfiguration"),
    **_configured("BucketLifecycleConfiguration", "LifecycleConfiguration", changes=False),
    **_configured("BucketLogging", changes=False),
    **_configured("BucketNotificationConfiguration", "BucketNotification", changes=False),
    **_configured("BucketOwnershipControls"),
    **_configured("BucketPolicy"),
    "DeleteBucketPolicy": _bucket("DeleteBucketPolicy"),
    **_configured("BucketRequestPayment", changes=False),
    **_configured("BucketTagging"),
    **_configured("BucketVersioning", changes=False),
    **_configured("BucketWebsite"),
    "DeleteBucketWebsite": _bucket("DeleteBucketWebsite"),
    **_configured("ObjectLockConfiguration", "BucketObjectLockConfiguration", changes=False),
    **_configured("PublicAccessBlock", "BucketPublicAccessBlock"),
    **{
        operation: required
        for kind in ("Analytics", "IntelligentTiering", "Inventory", "Metrics")
        for operation, required in {
            **_configured(f"Bucket{kind}Configuration", f"{kind}Configuration"),
            f"ListBucket{kind}Configurations": _bucket(f"Get{kind}Configuration"),
        }.items()
    },
}

TABLE: Final[Mapping[str, tuple[Requirement, ...]]] = {
    **{operation: (required,) for operation, required in _BUCKETS.items()},
    "CreateBucket": (
        _bucket("CreateBucket"),
        _with(_bucket("PutBucketAcl"), *ACL),
        _with(_bucket("PutBucketObjectLockConfiguration"), "x-amz-bucket-object-lock-enabled"),
        _with(_bucket("PutBucketVersioning"), "x-amz-bucket-object-lock-enabled"),
        _with(_bucket("PutBucketOwnershipControls"), "x-amz-object-ownership"),
        Requirement("s3:TagResource", ActsOn.BUCKET, when=lambda call: b"<Tag>" in call.http.body),
    ),
    "GetBucketReplication": (_bucket("GetReplicationConfiguration"),),
    "PutBucketReplication": (
        _bucket("PutReplicationConfiguration"),
        Requirement("iam:PassRole", ActsOn.ROLE),
    ),
    "DeleteBucketReplication": (_bucket("PutReplicationConfiguration"),),
    "GetObject": _READ,
    "HeadObject": _READ,
    "SelectObjectContent": _READ,
    "GetObjectAttributes": (*_READ, _object("GetObjectAttributes", "GetObjectVersionAttributes")),
    "GetObjectAcl": (_object("GetObjectAcl", "GetObjectVersionAcl"),),
    "GetObjectTagging": (_object("GetObjectTagging", "GetObjectVersionTagging"),),
    "GetObjectTorrent": (_object("GetObjectTorrent", "GetObjectVersionTorrent"),),
    "GetObjectLegalHold": (_object("GetObjectLegalHold"),),
    "GetObjectRetention": (_object("GetObjectRetention"),),
    "PutObject": _WRITE,
    "CopyObject": (*_SOURCE, *_SOURCE_TAGS, *_WRITE),
    "CreateMultipartUpload": _WRITE,
    "UploadPart": _PART,
    "UploadPartCopy": (*_SOURCE, *_PART),
    "CompleteMultipartUpload": _PART,
    "AbortMultipartUpload": (_object("AbortMultipartUpload"),),
    "ListParts": (_object("ListMultipartUploadParts"),),
    "PutObjectAcl": (_object("PutObjectAcl", "PutObjectVersionAcl"),),
    "PutObjectTagging": (_object("PutObjectTagging", "PutObjectVersionTagging"),),
    "PutObjectLegalHold": (_object("PutObjectLegalHold"),),
    "PutObjectRetention": (_object("PutObjectRetention"), _BYPASS),
    "UpdateObjectEncryption": (_object("UpdateObjectEncryption"),),
    "RestoreObject": (_object("RestoreObject"),),
    "DeleteObject": _DELETE,
    "DeleteObjects": _DELETE,
    "DeleteObjectTagging": (_object("DeleteObjectTagging", "DeleteObjectVersionTagging"),),
}
"""The requirements of each operation; for DeleteObjects, of each key."""

_DIRECTORY: Final = "it is for directory buckets, which the sandbox does not have"
_TABLES: Final = "it needs permissions of S3 Tables, which the sandbox does not decide"
_ANNOTATIONS: Final = "the Service Authorization Reference that the project uses has no action for"

REFUSED: Final[Mapping[str, str]] = {
    "CreateSession": _DIRECTORY,
    "ListDirectoryBuckets": _DIRECTORY,
    "RenameObject": _DIRECTORY,
    "CreateBucketMetadataConfiguration": _TABLES,
    "CreateBucketMetadataTableConfiguration": _TABLES,
    "UpdateBucketMetadataAnnotationTableConfiguration": _TABLES,
    "UpdateBucketMetadataInventoryTableConfiguration": _TABLES,
    "UpdateBucketMetadataJournalTableConfiguration": _TABLES,
    **{
        f"{verb}ObjectAnnotation{'s' if verb == 'List' else ''}": f"{_ANNOTATIONS} annotations"
        for verb in ("Get", "Put", "Delete", "List")
    },
    "WriteGetObjectResponse": "it is for S3 Object Lambda, which the sandbox does not have",
}
"""Operations that are refused, and why."""

NOT_IN_MOTO: Final = frozenset(
    {
        operation
        for operation in TABLE
        for part in ("Analytics", "IntelligentTiering", "Metrics", "Metadata", "Abac")
        if part in operation
    }
    | {
        "DeleteBucketInventoryConfiguration",
        "GetBucketRequestPayment",
        "PutBucketRequestPayment",
        "GetObjectRetention",
        "GetObjectTorrent",
        "UpdateObjectEncryption",
    }
)
"""Operations that moto mistakes for others, as GetObjectTorrent for GetObject. They are decided
and then refused."""
