"""The table: access keys."""

import base64
import hashlib
import hmac
from typing import Final

from botocore.exceptions import ClientError

from sandbox.standin.aws import Aws
from sandbox.standin.errors import is_gone
from sandbox.standin.resource_type import Created, Input, ResourceType
from sandbox.standin.values import Values

_STATUSES: Final = ("Active", "Inactive")


def _create(aws: Aws, new: Values) -> Created:
    user = new["user"]
    key = aws.iam.create_access_key(UserName=user)["AccessKey"]
    id_, secret = key["AccessKeyId"], key["SecretAccessKey"]
    if new["status"] != key["Status"]:
        aws.iam.update_access_key(UserName=user, AccessKeyId=id_, Status=new["status"])
    once = {"secret": secret, "sesSmtpPasswordV4": _smtp_password(secret, aws.region)}
    return Created(id_, once)


def _read(aws: Aws, id_: str, old: Values) -> Values | None:
    user = old.get("user") or _user_of(aws, id_)
    if user is None:
        return None
    for key in aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        if key["AccessKeyId"] == id_:
            created = key["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
            return {"createDate": created, "status": key["Status"], "user": user}
    return None


def _user_of(aws: Aws, id_: str) -> str | None:
    """Find a key's user, for an import."""
    try:
        return aws.iam.get_access_key_last_used(AccessKeyId=id_).get("UserName")
    except ClientError as error:
        if is_gone(error) or error.response["Error"]["Code"] == "AccessDenied":
            return None
        raise


def _update(aws: Aws, id_: str, _old: Values, new: Values) -> None:
    aws.iam.update_access_key(UserName=new["user"], AccessKeyId=id_, Status=new["status"])


def _delete(aws: Aws, id_: str, old: Values) -> None:
    aws.iam.delete_access_key(UserName=old["user"], AccessKeyId=id_)


def _smtp_password(secret: str, region: str) -> str:
    """Derive the SMTP password as AWS documents it for Amazon SES."""
    key = f"AWS4{secret}".encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + key).decode()


def _status_fault(status: str) -> str | None:
    return None if status in _STATUSES else f"expected status to be one of {_STATUSES}"


ACCESS_KEY: Final = ResourceType(
    token="aws:iam/accessKey:AccessKey",  # noqa: S106 - a type's token
    title="IAM Access Key",
    label="user",
    inputs={
        "status": Input(default="Active", fault=_status_fault),
        "user": Input(required=True, replaces=True),
    },
    outputs=("createDate", "secret", "sesSmtpPasswordV4"),
    secrets=frozenset({"secret", "sesSmtpPasswordV4"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)
