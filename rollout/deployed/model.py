"""Users, roles and providers as an account has them, whoever made them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from components.aws.limits import Kind
from components.iam.document import PolicyDocument


@dataclass(frozen=True)
class LastUse:
    """The last use of a key or a role. IAM keeps it for 400 days; a role has no service."""

    at: datetime
    region: str
    service: str | None = None


@dataclass(frozen=True)
class DeployedKey:
    """An access key of a user. AWS does not give its secret."""

    id: str
    active: bool
    created: datetime
    last_use: LastUse | None = None


@dataclass(frozen=True, kw_only=True)
class DeployedPolicies:
    """Inline policies by name, and managed policies by ARN; None if AWS did not tell the document.

    Users, roles and groups have them.
    """

    name: str
    arn: str
    path: str = "/"
    inline: Mapping[str, PolicyDocument] = field(default_factory=dict)
    attached: Mapping[str, PolicyDocument | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DeployedGroup(DeployedPolicies):
    """A group, whose policies count for each user in it."""


@dataclass(frozen=True, kw_only=True)
class DeployedIdentity(DeployedPolicies):
    """What users and roles have in common; the boundary is an ARN.

    `id` is IAM's unique id, which another identity of the same name does not have.
    """

    id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeployedUser(DeployedIdentity):
    """A user; the groups are names."""

    KIND: ClassVar[Kind] = "user"
    keys: tuple[DeployedKey, ...] = ()
    groups: tuple[str, ...] = ()
    has_console_password: bool = False


@dataclass(frozen=True, kw_only=True)
class DeployedRole(DeployedIdentity):
    """A role, with its trust policy."""

    KIND: ClassVar[Kind] = "role"
    trust: PolicyDocument
    description: str = ""
    max_session_seconds: int = 3_600
    last_use: LastUse | None = None


Deployed = DeployedUser | DeployedRole


@dataclass(frozen=True)
class DeployedProvider:
    """An OIDC provider. IAM writes its URL without `https://`."""

    arn: str
    url: str
    audiences: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeployedAccount:
    """All of an account; the managed policies by ARN are its own, and AWS's that are in use."""

    id: str
    partition: str
    users: tuple[DeployedUser, ...] = ()
    roles: tuple[DeployedRole, ...] = ()
    groups: Mapping[str, DeployedGroup] = field(default_factory=dict)
    providers: tuple[DeployedProvider, ...] = ()
    policies: Mapping[str, PolicyDocument] = field(default_factory=dict)
