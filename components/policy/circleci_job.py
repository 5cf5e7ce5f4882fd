"""A complete ``.circleci/config.yml`` with a job that assumes a role and uses a grant."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from shlex import quote
from typing import Final

from components.aws.actions import EVERYTHING
from components.circleci.config_file import ORB_SECONDS, config_file, session_name
from components.policy.permissions import Permission

OBJECT: Final = "YOUR-OBJECT"
"""The placeholder for an object key in a command."""

READS: Final[Mapping[str, str]] = {
    "s3:GetObjectTagging": "get-object-tagging",
    "s3:GetObjectAcl": "get-object-acl",
    "s3:GetObjectRetention": "get-object-retention",
    "s3:GetObjectLegalHold": "get-object-legal-hold",
    "s3:ListBucketVersions": "list-object-versions",
    "s3:ListBucketMultipartUploads": "list-multipart-uploads",
    "s3:GetBucketLocation": "get-bucket-location",
    "s3:GetBucketTagging": "get-bucket-tagging",
    "s3:GetBucketVersioning": "get-bucket-versioning",
    "s3:GetBucketPolicy": "get-bucket-policy",
    "s3:GetBucketAcl": "get-bucket-acl",
    "s3:GetEncryptionConfiguration": "get-bucket-encryption",
    "s3:GetLifecycleConfiguration": "get-bucket-lifecycle-configuration",
}
"""Actions that can be tried with one read-only call of ``aws s3api``
(Amazon S3 User Guide, "Required permissions for Amazon S3 API operations")."""

_NOTHING_FITS: Final = "aws sts get-caller-identity  # no plain command shows what this role may do"


def job_config(
    identity: str,
    role_arn: str,
    region: str,
    held: Iterable[Permission],
    session_seconds: int = ORB_SECONDS,
) -> str:
    """The text of a CircleCI config with one job that assumes the role.

    Args:
        identity: the role's name; also the session's.
        role_arn: the role to assume.
        region: the region of the job's AWS calls.
        held: The permissions of the role. The job runs one command that they allow.
        session_seconds: The maximum session duration of the role, which the job requests.
    """
    command = example_command(held)
    return config_file(role_arn, session_name(identity), region, command, session_seconds)


def example_command(held: Iterable[Permission]) -> str:
    """The most informative shell command that the permissions allow.

    It does not contain ``<<``, which starts a parameter in CircleCI.
    """
    wanted = sorted(held, key=lambda one: (one.bucket, one.prefix))
    for offer in _OFFERS:
        for permission in wanted:
            if (command := offer(permission)) is not None:
                return command
    return _NOTHING_FITS


def _list(permission: Permission) -> str | None:
    return f"aws s3 ls {_url(permission)}" if "s3:ListBucket" in permission.listing else None


def _use_object(permission: Permission) -> str | None:
    if permission.on_objects & {EVERYTHING, "s3:PutObject"}:
        return f"date | aws s3 cp - {_url(permission, 'circleci-s3-access.txt')}"
    if "s3:GetObject" in permission.on_objects:
        return f"aws s3 cp {_url(permission, OBJECT)} ."
    if "s3:DeleteObject" in permission.on_objects:
        return f"aws s3 rm {_url(permission, OBJECT)}"
    return None


def _read(permission: Permission) -> str | None:
    return next(iter(_api_calls(permission)), None)


_OFFERS: Final[tuple[Callable[[Permission], str | None], ...]] = (_list, _use_object, _read)


def _api_calls(permission: Permission) -> Iterator[str]:
    """Options are written with ``=``: a value may start with ``-``."""
    for action, call in READS.items():
        command = f"aws s3api {call} --bucket={permission.bucket}"
        if action in permission.on_objects:
            yield f"{command} --key={_quoted(permission.prefix + OBJECT)}"
        elif action in permission.listing:
            yield f"{command} --prefix={_quoted(permission.prefix)} --max-items=10"
        elif action in permission.on_bucket:
            yield command


def _url(permission: Permission, key: str = "") -> str:
    return _quoted(f"s3://{permission.bucket}/{permission.prefix}{key}")


def _quoted(text: str) -> str:
    """Quote one word of a shell command, and split each ``<<`` by closing and reopening quotes."""
    return re.sub("<(?=<)", "<''", quote(text))
