"""The Pulumi components, which create the IAM identities and their policies."""

from components.resources.account import Account
from components.resources.identities import (
    IdentityArgs,
    IdentityComponent,
    RoleResources,
    UserResources,
)

__all__ = ["Account", "IdentityArgs", "IdentityComponent", "RoleResources", "UserResources"]
