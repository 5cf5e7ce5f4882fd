"""boto3's clients of the sandbox's AWS, which ignore the user's own AWS settings."""

import functools
import os
import threading
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, overload

import boto3
import botocore.session
from botocore.config import Config
from mypy_boto3_iam import IAMClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_sts import STSClient
from mypy_boto3_sts.type_defs import CredentialsTypeDef

_NOT_THE_USERS: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Variables of botocore's session that the environment and the user's files must not set."""


@dataclass(frozen=True)
class Credentials:
    """What calls of AWS are signed with; they have no use outside the sandbox."""

    access_key: str
    secret_key: str
    token: str | None = None

    @classmethod
    def of(cls, answer: CredentialsTypeDef) -> Self:
        """Read an answer of STS."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


class Clients:
    """Makes one client for each service, credentials and region.

    One session makes them all: it reads the service models once, which costs more than everything
    else here. Making a client is not thread-safe, using one is.
    """

    def __init__(self, aws_url: str) -> None:
        """Make clients of the AWS at `aws_url`."""
        self._url = aws_url
        session = botocore.session.Session(session_vars=_NOT_THE_USERS)
        self._session = boto3.Session(botocore_session=session)
        self._lock = threading.Lock()
        self._made: dict[tuple[str, Credentials, str], object] = {}

    @overload
    def get(self, service: Literal["iam"], credentials: Credentials, region: str) -> IAMClient: ...
    @overload
    def get(self, service: Literal["s3"], credentials: Credentials, region: str) -> S3Client: ...
    @overload
    def get(self, service: Literal["sts"], credentials: Credentials, region: str) -> STSClient: ...
    @overload
    def get(
        self, service: Literal["secretsmanager", "ssm"], credentials: Credentials, region: str
    ) -> Any: ...  # noqa: ANN401 - their stubs are not installed
    def get(
        self,
        service: Literal["iam", "s3", "secretsmanager", "ssm", "sts"],
        credentials: Credentials,
        region: str,
    ) -> object:
        """Return a client of `service` which signs with `credentials`."""
        key = (service, credentials, region)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._session.client(
                    service,
                    endpoint_url=self._url,
                    region_name=region,
                    aws_access_key_id=credentials.access_key,
                    aws_secret_access_key=credentials.secret_key,
                    aws_session_token=credentials.token,
                    config=Config(proxies={}),  # the environment's lead away from loopback
                )
            return self._made[key]


@functools.cache
def clients_of(aws_url: str) -> Clients:
    """Return this process's clients of the AWS at `aws_url`."""
    return Clients(aws_url)
