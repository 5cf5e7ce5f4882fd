"""The properties of the package's components: the keys of an identity in a stack's config.

The docstrings become the descriptions in the schema. What a value may be is checked by
`components.settings`, which has the same keys; a test compares them.
"""

from typing import NotRequired, TypedDict

import pulumi


class Grant(TypedDict):
    """The access of an identity to one bucket, or to some prefixes of it."""

    bucket: pulumi.Input[str]
    """The name of the bucket. It must exist, or be made in the same program."""
    access: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """What the jobs may do: `list`, `read`, `write`, `delete`, or `full` (`s3:*` on objects)."""
    actions: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Further actions by name, such as `s3:GetObjectTagging`, without wildcards."""
    prefixes: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Only keys with these prefixes. Each ends in `/`. By default all keys."""
    kmsKey: NotRequired[pulumi.Input[str]]
    """The ARN of the KMS key, if the bucket is encrypted with one."""


class Trust(TypedDict):
    """Which CircleCI jobs may assume a role. A job must match every property that is set."""

    organization: pulumi.Input[str]
    """The id of the CircleCI organization: Organization Settings > Overview."""
    projects: pulumi.Input[list[pulumi.Input[str]]]
    """The ids of the CircleCI projects: Project Settings > Overview. `["*"]` allows every
    project of the organization, including projects created later."""
    users: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The ids of the CircleCI users that may start the jobs. By default every user."""
    origins: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The repositories that the code may come from, such as `github.com/acme/site`. By default
    every repository."""
    refs: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The Git refs that the code may come from, such as `refs/heads/main` or `refs/tags/v*`; they
    need `origins`. By default every ref."""
    projectIdClaim: NotRequired[pulumi.Input[bool]]
    """Also check the token's claim `oidc.circleci.com/project-id`, which AWS supports in its
    commercial partition. The default is false; the subject is sufficient without it."""


class IdentityProperties(TypedDict):
    """The properties that users and roles have in common."""

    grants: pulumi.Input[list[pulumi.Input[Grant]]]
    """What the jobs may do, for each bucket."""
    name: NotRequired[pulumi.Input[str]]
    """The name in IAM. The default is the name of the resource."""
    path: NotRequired[pulumi.Input[str]]
    """The path in IAM, and that of the managed policies. The default is `/`."""
    permissionsBoundary: NotRequired[pulumi.Input[str]]
    """The ARN of the policy that is the permissions boundary. By default there is none."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """The tags of the IAM resources."""
    requireTls: NotRequired[pulumi.Input[bool]]
    """Deny every S3 call without TLS. The default is false."""
    sourceIps: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The networks (CIDR) from which calls to S3 are allowed. By default all networks."""
    exclusive: NotRequired[pulumi.Input[bool]]
    """Take away the policies that others added to the user or role. AWS's resources for it act only
    after a refresh, so use `pulumi up --refresh`. The default is false."""


class UserProperties(IdentityProperties):
    """The properties of a User."""

    accessKeys: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Labels of access keys, at most two; each label is a key, and the last is the current one. By
    default there is no key."""


class RoleProperties(IdentityProperties):
    """The properties of a Role."""

    trust: pulumi.Input[Trust]
    """Which CircleCI jobs may assume the role."""
    maxSessionSeconds: NotRequired[pulumi.Input[int]]
    """How long a session may last: 3600 to 43200 seconds. The default is 3600."""
    oidcProviderArn: NotRequired[pulumi.Input[str]]
    """The ARN of the account's OIDC provider for the CircleCI organization, if this program creates
    it. By default the provider is looked up."""
