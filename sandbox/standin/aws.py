"""The AWS of one run: its account and region, and the clients to call it with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mypy_boto3_iam import IAMClient
from mypy_boto3_iam.type_defs import TagTypeDef
from mypy_boto3_s3 import S3Client
from mypy_boto3_sts import STSClient

from sandbox.clients import Clients, Credentials


@dataclass(frozen=True)
class Aws:
    """One run's AWS: an account, a region, and the tags that the provider sets on everything."""

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
    def ssm(self) -> Any:  # noqa: ANN401 - its stubs are not installed
        """SSM, as the run's account."""
        return self.clients.get("ssm", self.credentials, self.region)

    @property
    def secretsmanager(self) -> Any:  # noqa: ANN401
        """Secrets Manager, as the run's account."""
        return self.clients.get("secretsmanager", self.credentials, self.region)

    @property
    def sts(self) -> STSClient:
        """STS, as the run's account."""
        return self.clients.get("sts", self.credentials, self.region)


def aws_tags(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Return tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def read_tags(tags: Iterable[TagTypeDef]) -> dict[str, str]:
    """Return tags that AWS answered."""
    return {tag["Key"]: tag["Value"] for tag in tags}
