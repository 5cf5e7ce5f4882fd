"""What AWS refuses and moto does not, as far as it matters here: the stand-in refuses it instead.

Messages are worded as AWS words them. Sizes count as IAM counts them, without whitespace. The
numbers are the project's own, `components.aws.limits`, where their sources stand.
"""

import re
import threading
from typing import Final

from components.aws.limits import (
    ATTACHED,
    INLINE,
    MANAGED,
    NAME,
    PATH,
    SESSION_SECONDS,
    TRUST,
    Kind,
)
from sandbox.standin.errors import refusal

CHECK_AND_ACT: Final = threading.RLock()
"""Held from a check to the call that it is for: runs create in parallel."""


def size(document: str) -> int:
    """Return a document's size as IAM counts it."""
    return len(re.sub(r"\s", "", document))


def check_inline(operation: str, kind: Kind, name: str, documents: list[str]) -> None:
    """Refuse more inline policies than an identity holds."""
    if sum(map(size, documents)) > INLINE[kind]:
        message = f"Maximum policy size of {INLINE[kind]} bytes exceeded for {kind} {name}"
        raise refusal(operation, 409, "LimitExceeded", message)


def check_managed(operation: str, document: str) -> None:
    """Refuse a managed policy that is too long."""
    if size(document) > MANAGED:
        raise _over(operation, "PolicySize", MANAGED)


def check_trust(operation: str, document: str) -> None:
    """Refuse a trust policy that is too long."""
    if size(document) > TRUST:
        raise _over(operation, "ACLSizePerRole", TRUST)


def check_attached(operation: str, kind: Kind, others: int) -> None:
    """Refuse a managed policy more than an identity takes."""
    if others >= ATTACHED:
        raise _over(operation, f"PoliciesPer{kind.capitalize()}", ATTACHED)


def check_unused(operation: str, uses: int, message: str) -> None:
    """Refuse to delete what is in use."""
    if uses:
        raise refusal(operation, 409, "DeleteConflict", f"Cannot delete {message}")


def check_name(operation: str, parameter: str, value: str, longest: int = NAME) -> None:
    """Refuse a name or path that is too long."""
    if len(value) > longest:
        message = (
            f"1 validation error detected: Value at '{parameter}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {longest}"
        )
        raise refusal(operation, 400, "ValidationError", message)


def check_path(operation: str, path: str) -> None:
    """Refuse a path that is too long or has no slash at an end."""
    check_name(operation, "path", path, PATH)
    if not (path.startswith("/") and path.endswith("/")):
        message = "The specified value for path is invalid. It must begin and end with /"
        raise refusal(operation, 400, "ValidationError", message)


def session_fault(seconds: int) -> str | None:
    """Return what is wrong with a role's maximum session."""
    low, high = SESSION_SECONDS
    if low <= seconds <= high:
        return None
    return f"expected max_session_duration to be in the range ({low} - {high}), got {seconds}"


def _over(operation: str, quota: str, limit: int) -> Exception:
    return refusal(operation, 409, "LimitExceeded", f"Cannot exceed quota for {quota}: {limit}")
