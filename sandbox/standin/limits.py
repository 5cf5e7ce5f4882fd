"""Limits of AWS that moto does not check and that matter here: the stand-in checks them instead.

Messages are worded as AWS words them. Sizes count as IAM counts them, without whitespace. The
numbers are the project's own, `components.aws.limits`, where their sources stand.
"""

import re
import threading
from typing import Final

from components.aws.limits import (
    ACCESS_KEYS,
    ATTACHED,
    INLINE,
    MANAGED,
    NAME,
    PATH,
    SESSION_SECONDS,
    TRUST,
    Kind,
)
from sandbox.standin.errors import LimitExceededError, StandInError

CHECK_AND_ACT: Final = threading.RLock()
"""Held from a check to the call that it is for: runs create in parallel."""


def size(document: str) -> int:
    """Return a document's size as IAM counts it."""
    return len(re.sub(r"\s", "", document))


def check_inline(operation: str, kind: Kind, name: str, documents: list[str]) -> None:
    """Refuse more inline policies than an identity holds."""
    if sum(map(size, documents)) > INLINE[kind]:
        raise LimitExceededError(
            operation,
            f"Maximum policy size of {INLINE[kind]} bytes exceeded for {kind} {name}",
        )


def check_managed(operation: str, document: str) -> None:
    """Refuse a managed policy that is too long."""
    if size(document) > MANAGED:
        raise LimitExceededError(operation, f"Cannot exceed quota for PolicySize: {MANAGED}")


def check_trust(operation: str, document: str) -> None:
    """Refuse a trust policy that is too long."""
    if size(document) > TRUST:
        raise LimitExceededError(operation, f"Cannot exceed quota for ACLSizePerRole: {TRUST}")


def check_attached(operation: str, kind: Kind, others: int) -> None:
    """Refuse a managed policy more than an identity takes."""
    if others >= ATTACHED:
        quota = "PoliciesPerUser" if kind == "user" else "PoliciesPerRole"
        raise LimitExceededError(operation, f"Cannot exceed quota for {quota}: {ATTACHED}")


def check_keys(others: int) -> None:
    """Refuse a third access key."""
    if others >= ACCESS_KEYS:
        raise LimitExceededError(
            "CreateAccessKey", f"Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS}"
        )


def check_name(operation: str, parameter: str, value: str, longest: int = NAME) -> None:
    """Refuse a name or path that is too long."""
    if len(value) > longest:
        raise StandInError(
            f"operation error IAM: {operation}, https response error StatusCode: 400, "
            f"ValidationError: 1 validation error detected: Value at '{parameter}' failed to "
            f"satisfy constraint: Member must have length less than or equal to {longest}",
        )


def check_path(operation: str, path: str) -> None:
    """Refuse a path that is too long or has no slash at an end."""
    check_name(operation, "path", path, PATH)
    if not (path.startswith("/") and path.endswith("/")):
        raise StandInError(
            f"operation error IAM: {operation}, https response error StatusCode: 400, "
            f"ValidationError: The specified value for path is invalid. It must begin and end "
            f"with / and contain only alphanumeric characters and/or / characters.",
        )


def session_fault(seconds: int) -> str | None:
    """Return what is wrong with a role's maximum session."""
    low, high = SESSION_SECONDS
    if low <= seconds <= high:
        return None
    return f"expected max_session_duration to be in the range ({low} - {high}), got {seconds}"
