"""The components of the package: the program's identities, with the same checks and resources."""

from collections.abc import Coroutine
from functools import partial
from typing import Any, cast

import pulumi

from components.resources import IdentityComponent, RoleResources, UserResources
from plugin.arguments import arguments
from plugin.properties import RoleProperties, UserProperties

# ruff: noqa: N815 - the names are those of the program's outputs


class User(IdentityComponent):
    """An IAM user for CircleCI jobs: its S3 access as policies, and up to two access keys.

    A Role is safer where the jobs can use OpenID Connect tokens: it has no keys.
    """

    name: pulumi.Output[str]
    """The name of the user."""
    arn: pulumi.Output[str]
    """The ARN of the user."""
    buckets: pulumi.Output[list[str]]
    """The ARNs of the buckets in the grants."""
    accessKeyId: pulumi.Output[str | None]
    """The id of the current access key, if there is one."""
    secretAccessKey: pulumi.Output[str | None]
    """The secret of the current access key, if there is one. It is a Pulumi secret."""

    def __init__(
        self, name: str, args: UserProperties, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("user", name, opts)
        _set_outputs(self, self._made(name, args))

    async def _made(self, name: str, args: UserProperties) -> UserResources:
        made_from = await arguments(self, "user", name, cast("dict[str, Any]", args))
        return UserResources(self, name, made_from.identity)


class Role(IdentityComponent):
    """An IAM role for CircleCI jobs: its S3 access as policies, and its trust policy.

    Exactly the jobs that `trust` describes assume it, with their OpenID Connect token.
    """

    name: pulumi.Output[str]
    """The name of the role."""
    arn: pulumi.Output[str]
    """The ARN of the role."""
    buckets: pulumi.Output[list[str]]
    """The ARNs of the buckets in the grants."""
    circleciConfig: pulumi.Output[str]
    """A CircleCI config with a job that assumes the role."""

    def __init__(
        self, name: str, args: RoleProperties, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("role", name, opts)
        _set_outputs(self, self._made(name, args))

    async def _made(self, name: str, args: RoleProperties) -> RoleResources:
        made_from = await arguments(self, "role", name, cast("dict[str, Any]", args))
        provider, region = made_from.provider_arn, made_from.region
        return RoleResources(self, name, made_from.identity, provider, region)


def _set_outputs(
    component: User | Role, made: Coroutine[Any, Any, UserResources | RoleResources]
) -> None:
    """Set the outputs that the component's class declares; they wait for what is being made.

    Each is secret or unknown for itself, so they are not made from one dict.
    """
    resources: pulumi.Output[UserResources | RoleResources] = pulumi.Output.from_input(made)
    for output in type(component).__annotations__:
        setattr(component, output, resources.apply(partial(_output, output)))


def _output(name: str, made: UserResources | RoleResources) -> pulumi.Input[object]:
    return made.outputs().get(name)
