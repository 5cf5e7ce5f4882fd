"""The types and functions that the stand-in knows."""

from collections.abc import Mapping
from typing import Final

from sandbox.standin.attachments import ROLE_POLICY_ATTACHMENT, USER_POLICY_ATTACHMENT
from sandbox.standin.errors import StandInError
from sandbox.standin.functions import FUNCTIONS
from sandbox.standin.keys import ACCESS_KEY
from sandbox.standin.oidc import OPEN_ID_CONNECT_PROVIDER
from sandbox.standin.policies import POLICY
from sandbox.standin.resource_type import ResourceType
from sandbox.standin.roles import ROLE, ROLE_POLICY
from sandbox.standin.users import USER, USER_POLICY

__all__ = ["FUNCTIONS", "TYPES", "resource_type"]

TYPES: Final[Mapping[str, ResourceType]] = {
    entry.token: entry
    for entry in (
        ACCESS_KEY,
        OPEN_ID_CONNECT_PROVIDER,
        POLICY,
        ROLE,
        ROLE_POLICY,
        ROLE_POLICY_ATTACHMENT,
        USER,
        USER_POLICY,
        USER_POLICY_ATTACHMENT,
    )
}


def resource_type(token: str) -> ResourceType:
    """Return the entry of a type, which may stand behind the types of its parents (`A$B`).

    Raises:
        StandInError: the stand-in does not know the type.
    """
    own = token.rsplit("$", 1)[-1]
    if own not in TYPES:
        raise StandInError(
            f"the sandbox's stand-in for the AWS provider does not know {own}; it knows "
            + ", ".join(sorted(TYPES)),
        )
    return TYPES[own]
