"""What AWS refuses and moto does not: the stand-in refuses it instead.

Messages are worded as AWS words them. Sizes count as IAM counts them, without whitespace. The
numbers are in `components.aws.limits`, with their sources.
"""

import re
import threading
from collections.abc import Sequence
from typing import Final

from components.aws.limits import ATTACHED, INLINE, Kind
from sandbox.standin.documents import text_of
from sandbox.standin.errors import refusal

CHECK_AND_ACT: Final = threading.RLock()
"""Held from a check until its call has ended, since runs create in parallel."""


def size(document: object) -> int:
    """Return a document's size as IAM counts it."""
    return len(re.sub(r"\s", "", text_of(document)))


def check_inline(kind: Kind, name: str, documents: Sequence[object]) -> None:
    """Refuse more inline policies than an identity holds."""
    if sum(map(size, documents)) > INLINE[kind]:
        message = f"Maximum policy size of {INLINE[kind]} bytes exceeded for {kind} {name}"
        raise refusal("LimitExceeded", message)


def check_size(quota: str, limit: int, document: str) -> None:
    """Refuse a managed or trust policy that is too long."""
    if size(document) > limit:
        raise _over(quota, limit)


def check_attached(kind: Kind, others: int) -> None:
    """Refuse one managed policy more than an identity takes."""
    if others >= ATTACHED:
        raise _over(f"PoliciesPer{kind.capitalize()}", ATTACHED)


def check_unused(uses: int, message: str) -> None:
    """Refuse to delete what is in use."""
    if uses:
        raise refusal("DeleteConflict", f"Cannot delete {message}")


def _over(quota: str, limit: int) -> Exception:
    return refusal("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}")
