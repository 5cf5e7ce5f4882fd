"""The AWS of one run: where it lives, and the clients that an entry of the table calls."""

import threading
from dataclasses import dataclass, field
from typing import Literal, overload

import boto3
from mypy_boto3_iam import IAMClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_sts import STSClient

from sandbox.accounts import Credentials


class Clients:
    """Makes boto3's clients, once for each credentials and region.

    One boto3 session makes them all: it reads the service models once, which costs more than
    everything else here; making clients is not thread-safe, using them is.
    """

    def __init__(self, aws_url: str) -> None:
        """Make clients of the AWS at `aws_url`."""
        self._url = aws_url
        self._session = boto3.Session(
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 - each client gets its own
        )
        self._lock = threading.Lock()
        self._made: dict[tuple[str, Credentials, str], object] = {}

    @overload
    def get(self, service: Literal["iam"], credentials: Credentials, region: str) -> IAMClient: ...
    @overload
    def get(self, service: Literal["s3"], credentials: Credentials, region: str) -> S3Client: ...
    @overload
    def get(self, service: Literal["sts"], credentials: Credentials, region: str) -> STSClient: ...
    def get(
        self, service: Literal["iam", "s3", "sts"], credentials: Credentials, region: str
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
                )
            return self._made[key]


@dataclass(frozen=True)
class Aws:
    """One run's AWS: an account, a region, and the tags that the provider puts on everything."""

    clients: Clients = field(repr=False)
    credentials: Credentials = field(repr=False)
    region: str
    account: str
    partition: str
    default_tags: dict[str, str] = field(default_factory=dict)

    @property
    def iam(self) -> IAMClient:
        """IAM, as the run's account."""
        return self.clients.get("iam", self.credentials, self.region)

    @property
    def s3(self) -> S3Client:
        """S3, as the run's account."""
        return self.clients.get("s3", self.credentials, self.region)

    @property
    def sts(self) -> STSClient:
        """STS, as the run's account."""
        return self.clients.get("sts", self.credentials, self.region)
