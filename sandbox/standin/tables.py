"""The types and functions that the stand-in knows."""

from collections.abc import Mapping
from typing import Final

from sandbox.standin import iam, identity_policies, places, s3
from sandbox.standin.errors import StandInError
from sandbox.standin.functions import FUNCTIONS
from sandbox.standin.resource_type import ResourceType

__all__ = ["FUNCTIONS", "TYPES", "resource_type"]

TYPES: Final[Mapping[str, ResourceType]] = {
    row.token: row for row in (*iam.ROWS, *identity_policies.ROWS, *places.ROWS, *s3.ROWS)
}


def resource_type(token: str) -> ResourceType:
    """Return the row of a type, which may stand behind the types of its parents (`A$B`).

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
