"""What moto holds of buckets and objects, as far as a decision needs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.s3.models import s3_backends

from components.aws.partitions import DNS_SUFFIXES
from sandbox.authorization.operations import ActsOn, Address, S3Call
from sandbox.authorization.refusal import Refusal

_KMS: Final = frozenset({"aws:kms", "aws:kms:dsse"})
_ENCRYPTION: Final = "x-amz-server-side-encryption"


@dataclass(frozen=True)
class Encryption:
    """A KMS key that S3 uses for an object."""

    key: str
    """Its ARN."""
    bucket_key: bool
    """Whether S3 uses a key of the bucket in between."""


@dataclass(frozen=True)
class Bucket:
    """A bucket of moto's."""

    name: str
    account: str
    partition: str
    found: Any
    """moto's own object."""

    @classmethod
    def find(cls, name: str) -> "Bucket | None":
        """Return the bucket of this name, in whichever account."""
        partition, account = s3_backends.bucket_accounts.get(name, ("", ""))
        found = account and s3_backends[account][partition].buckets.get(name)
        return cls(name, account, partition, found) if found else None

    @property
    def via_service(self) -> str:
        """S3's name as the caller of KMS."""
        return f"s3.{self.found.region_name}.{DNS_SUFFIXES[self.partition]}"

    def item(self, target: Address) -> Any:  # noqa: ANN401 - moto has no types
        """Return moto's object of a target; None if there is none."""
        versions = self.found.keys.getlist(target.key, default=[])
        if target.version is None:
            return versions[-1] if versions else None
        return next((one for one in versions if str(one.version_id) == target.version), None)

    def tags(self, target: Address) -> Mapping[str, str]:
        """Return the tags of an object as it is."""
        arn = getattr(self.item(target), "arn", None)
        tagger = s3_backends[self.account][self.partition].tagger
        return dict(tagger.get_tag_dict_for_resource(arn)) if arn else {}

    def encryption(self, call: S3Call, on: ActsOn) -> Encryption | None:
        """Return the KMS key that a call uses; None if it uses none, or S3's own."""
        if on is ActsOn.UPLOAD_KEY:
            upload = self.found.multiparts.get(call.http.query.get("uploadId"))
            if upload is None or upload.sse_encryption is None:
                return self._default()
            return self._of(upload.sse_encryption, upload.kms_key_id, bucket_key=False)
        if on is ActsOn.KEY:
            asked = call.http.headers.get(_ENCRYPTION)
            if asked is None:
                return self._default()
            bucket_key = call.http.headers.get(f"{_ENCRYPTION}-bucket-key-enabled") == "true"
            key = call.http.headers.get(f"{_ENCRYPTION}-aws-kms-key-id")
            return self._of(asked, key, bucket_key=bucket_key)
        item = self.item(call.source if call.source and on is ActsOn.SOURCE_KEY else call.target)
        kind, key = getattr(item, "encryption", None), getattr(item, "kms_key_id", None)
        return self._of(kind, key, bucket_key=bool(getattr(item, "bucket_key_enabled", False)))

    def _default(self) -> Encryption | None:
        rule = (self.found.encryption or {}).get("Rule", {})
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        bucket_key = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
        kind, key = default.get("SSEAlgorithm"), default.get("KMSMasterKeyID")
        return self._of(kind, key, bucket_key=bucket_key)

    def _of(self, kind: str | None, key: str | None, *, bucket_key: bool) -> Encryption | None:
        if kind not in _KMS or not key:
            return None
        if "alias/" in key:
            raise Refusal("NotImplemented", 501, f"The sandbox can't tell which key {key} is.")
        if not key.startswith("arn:"):
            region = self.found.region_name
            key = f"arn:{self.partition}:kms:{region}:{self.account}:key/{key}"
        return Encryption(key, bucket_key)
