"""Creates what a stack expects in its account: buckets, and the profile that it names."""

import configparser
from collections.abc import Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client

from sandbox.accounts import credentials_of
from sandbox.clients import Credentials, clients_of
from sandbox.folder import Folder
from sandbox.lifecycle import Look, SandboxError
from sandbox.stacks import SandboxStack


def prepare(
    folder: Folder, running: Look, stacks: Sequence[SandboxStack], *, buckets: bool
) -> dict[str, list[str]]:
    """Create what is missing; return the new buckets by stack.

    Raises:
        SandboxError: a bucket can't be created.
    """
    clients = clients_of(running.aws_url)
    made: dict[str, list[str]] = {}
    for stack in stacks:
        if not stack.profile and not (buckets and stack.buckets):
            continue
        credentials = credentials_of(clients, stack.account, stack.region)
        if stack.profile:
            _write_profile(folder, stack.profile, credentials)
        if buckets:
            s3 = clients.get("s3", credentials, stack.region)
            try:
                made[stack.name] = make_buckets(s3, stack.region, stack.buckets)
            except SandboxError as error:
                where = f"{stack.name}, account {stack.account}"
                raise SandboxError(f"{where}: {error}") from None
    return {name: new for name, new in made.items() if new}


def make_buckets(s3: S3Client, region: str, names: Iterable[str]) -> list[str]:
    """Create those of the buckets that are missing, and return them.

    Raises:
        SandboxError: one can't be created.
    """
    there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    missing = [bucket for bucket in names if bucket not in there]
    for bucket in missing:
        _make_bucket(s3, region, bucket)
    return missing


def _make_bucket(s3: S3Client, region: str, bucket: str) -> None:
    where: Any = {}
    if region != "us-east-1":  # which S3 does not accept
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **where)
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        pass  # another command has just created it, or another account owns it
    except ClientError as error:
        raise SandboxError(
            f"The bucket {bucket} can't be created: {error.response['Error'].get('Message')}"
        ) from None


def _write_profile(folder: Folder, profile: str, credentials: Credentials) -> None:
    """Write a profile into the sandbox's own credentials file."""
    path = folder.aws_files / "credentials"
    with folder.locked():
        profiles = configparser.RawConfigParser()
        profiles.read(path)
        profiles[profile] = {
            "aws_access_key_id": credentials.access_key,
            "aws_secret_access_key": credentials.secret_key,
            "aws_session_token": credentials.token or "",
        }
        with path.open("w") as file:
            profiles.write(file)
