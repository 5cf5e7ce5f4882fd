"""Reads a role back from IAM: whom it lets in and what it may do, not what the config wishes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mypy_boto3_iam import IAMClient

from components.iam.document import PolicyKind, Statement, parse
from sandbox.assume.checks import Provider, RoleTrust


@dataclass(frozen=True)
class Policy:
    """A policy of a role."""

    name: str
    managed: bool
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class RoleRead:
    """A role as it is."""

    trust: RoleTrust
    policies: tuple[Policy, ...]
    boundary: str | None
    """The ARN of its permissions boundary."""

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return self.trust.arn


def read_role(iam: IAMClient, name: str) -> RoleRead | None:
    """Read a role; None if there is none of this name.

    Raises:
        PolicyError: one of its policies holds what is not known here.
    """
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    trust: Any = role["AssumeRolePolicyDocument"]
    return RoleRead(
        trust=RoleTrust(role["Arn"], trust, tuple(_providers(iam))),
        policies=(*_inline(iam, name), *_managed(iam, name)),
        boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
    )


def _providers(iam: IAMClient) -> Iterator[Provider]:
    for listed in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        arn = listed["Arn"]
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        yield Provider(arn, tuple(found["ClientIDList"]))


def _inline(iam: IAMClient, role: str) -> Iterator[Policy]:
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            read = iam.get_role_policy(RoleName=role, PolicyName=name)
            yield _policy(name, read["PolicyDocument"], managed=False)


def _managed(iam: IAMClient, role: str) -> Iterator[Policy]:
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for attached in page["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            read = iam.get_policy_version(PolicyArn=arn, VersionId=version)
            yield _policy(attached["PolicyName"], read["PolicyVersion"]["Document"], managed=True)


def _policy(name: str, document: Any, *, managed: bool) -> Policy:  # noqa: ANN401 - its type allows texts, which boto3 never gives
    return Policy(name, managed, parse(document, name, PolicyKind.IDENTITY))
