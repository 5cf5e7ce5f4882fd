"""The Pulumi components: the edge, where documents become IAM's identities."""

from components.resources.account import Account
from components.resources.identities import (
    IdentityArgs,
    RoleIdentity,
    UserIdentity,
)

__all__ = ["Account", "IdentityArgs", "RoleIdentity", "UserIdentity"]
