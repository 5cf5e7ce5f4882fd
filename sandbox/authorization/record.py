"""The record of decided calls: one JSON object a line in the sandbox's folder.

It holds no secret key, no session token and no signature.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Check:
    """The decision on one action on one resource."""

    action: str
    """Empty if the sandbox can't tell which action the call needs."""
    resource: str
    """An ARN, or `*`."""
    allowed: bool
    reason: str
    """In AWS's words, as `because no identity-based policy allows the s3:GetObject action`."""
    policy: str | None = None
    """The name of the deciding policy."""
    statement: int | None = None
    """The position of the deciding statement in it."""
    sid: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    """The condition keys of this action that the call has, as `s3:prefix`."""


@dataclass(frozen=True)
class Call:
    """One call of AWS's API."""

    at: str
    """ISO 8601, UTC."""
    access_key_id: str
    """Empty if the call was not signed."""
    principal: str
    """The ARN of the user or of the role's session; empty if the caller was not recognised."""
    service: str
    operation: str
    """As the service's API names it, as `PutObject`."""
    checks: tuple[Check, ...]
    """Of DeleteObjects, one for each key; allowed and refused ones may stand in one call."""
    allowed: bool
    """Whether the call went through; of DeleteObjects, whether all keys did."""
    status: int
    """The HTTP status of the answer."""
    bucket: str | None = None
    key: str | None = None
    error: str | None = None
    """The code of the error that the sandbox itself answered, as `AccessDenied`."""

    @classmethod
    def from_json(cls, line: str | bytes) -> "Call":
        """Read one line of the record."""
        values: dict[str, Any] = json.loads(line)
        return cls(**values | {"checks": tuple(Check(**one) for one in values["checks"])})


class Recorder:
    """Appends calls to a file; threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        """Append to `path`, which is made for its owner only."""
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def append(self, call: Call) -> None:
        """Append a call in one write."""
        os.write(self._file, json.dumps(asdict(call), ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def end(path: Path) -> int:
    """Return the offset at which the next call will stand."""
    return path.stat().st_size if path.exists() else 0


def read(path: Path, offset: int = 0) -> list[Call]:
    """Return the calls from an offset on, which `end` gave earlier."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(offset)
        return [Call.from_json(line) for line in file if line.endswith(b"\n")]
