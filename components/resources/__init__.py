"""The Pulumi components: the edge, where documents become IAM's identities."""

from components.resources.identities import (
    IdentityArgs,
    RoleIdentity,
    UserIdentity,
)
from components.resources.organization import Organization

__all__ = ["IdentityArgs", "Organization", "RoleIdentity", "UserIdentity"]
