"""What `learn` prints: the grants with what was seen behind each line, as YAML or JSON.

The JSON, version 1::

    {"version": 1, "grants": [{"bucket": "acme-site", "access": ["read"], "prefixes": ["public/"]}],
     "seen": [{"operation": "GetObject", "action": "s3:GetObject", "bucket": "acme-site",
         "folder": "public/", "count": 3, "examples": ["public/a"], "granted": true}],
     "comparison": null | {"stack": "prod", "identity": "circleci-deploy", "lacks": [grants],
         "unused": [grants], "wider": [{"has": grant, "used": [grants]}]},
     "notes": ["Seen in this run: ..."]}
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any, Final

import yaml

from components.policy.grants import apart, as_config
from components.settings.findings import printable
from components.settings.model import Grant
from sandbox.authorization.record import Call
from sandbox.jobs.compare import Comparison
from sandbox.jobs.grants import giving, grants
from sandbox.jobs.needs import EXAMPLES, KMS, Need, needs

VERSION: Final = 1
NOT_FOUND: Final = 404
_NO_BUCKET: Final = "NoSuchBucket"


@dataclass(frozen=True)
class Learned:
    """The calls of a run, and the buckets that they name and that are not there."""

    calls: tuple[Call, ...]
    missing: tuple[str, ...] = ()

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What the calls needed."""
        return needs(self.calls)

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """The grants that give it."""
        return grants(self.needs)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the grants has to know."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        yield f"Seen in this run: {calls_said(self.calls)}. Another run may need more."
        given = giving(self.grants)
        for need in self.needs:
            if need.action and not given(need):
                yield f"No grant gives {need.action}: {_said([need])}."
        why = {(one.operation, text) for one in self.calls for text in why_not(one)}
        for operation, text in sorted(why):
            yield f"The sandbox refused {operation}: {text}."
        absent = {
            f"{one.operation} on {one.bucket}"
            for one in self.calls
            if one.status == NOT_FOUND
            and one.error is None
            and any(check.action.startswith("s3:GetObject") for check in one.checks)
        }
        for what in sorted(absent):
            yield (
                f"{what} was answered with 404, no such key. "
                "To an identity that may not list the whole bucket S3 answers 403."
            )
        for bucket in self.missing:
            yield f"There is no bucket {bucket} in the sandbox: --bucket {bucket} makes it."


def as_json(learned: Learned, comparison: dict[str, Any] | None) -> dict[str, Any]:
    """Return the object that `--json` prints."""
    given = giving(learned.grants)
    return {
        "version": VERSION,
        "grants": [as_config(one) for one in learned.grants],
        "seen": [
            {
                "operation": one.operation,
                "action": one.action,
                "bucket": one.bucket,
                "folder": one.folder,
                "count": one.count,
                "examples": list(one.examples),
                "granted": given(one),
            }
            for one in learned.needs
        ],
        "comparison": comparison,
        "notes": list(learned.notes),
    }


def comparison_json(stack: str, identity: str, found: Comparison) -> dict[str, Any]:
    """Return the part of it that compares with an identity."""
    return {
        "stack": stack,
        "identity": identity,
        "lacks": [as_config(one) for one in found.lacks],
        "unused": [as_config(one) for one in found.unused],
        "wider": [
            {"has": as_config(one.has), "used": [as_config(used) for used in one.used]}
            for one in found.wider
        ],
    }


def as_yaml(learned: Learned, comparison: dict[str, Any] | None) -> str:
    """Return the grants as the config takes them, with all else in comments."""
    lines = [f"# {printable(note)}" for note in learned.notes]
    if comparison is not None:
        lines += [f"# {line}" for line in _compared(comparison)]
    lines.append("grants:" if learned.grants else "grants: []")
    for grant in learned.grants:
        lines += _grant_lines(grant, learned.needs)
    return "\n".join([*lines, ""])


def on_one_line(config: object) -> str:
    """Return a grant's config as YAML on one line."""
    written: str = yaml.safe_dump(
        config, default_flow_style=True, sort_keys=False, width=inf, allow_unicode=True
    )
    return written.removesuffix("\n").removesuffix("\n...")


def _compared(found: dict[str, Any]) -> Iterator[str]:
    whose = f"{found['identity']} of {found['stack']}"
    for title, held in (
        (f"{whose} lacks:", found["lacks"]),
        (f"{whose} has, and this run did not use:", found["unused"]),
    ):
        yield title if held else f"{title} nothing"
        yield from (f"  {on_one_line(one)}" for one in held)
    for one in found["wider"]:
        used = ", ".join(map(on_one_line, one["used"]))
        yield f"{whose} has {on_one_line(one['has'])}; this run used {used}"


def _grant_lines(grant: Grant, seen: Sequence[Need]) -> Iterator[str]:
    units = list(apart(grant))
    config = as_config(grant)
    yield f"  - bucket: {on_one_line(config.pop('bucket'))}"
    for key, written in config.items():
        if key == "kmsKey":
            on_key = [one for one in seen if one.request.resource == written]
            yield f"    kmsKey: {on_one_line(written)}  # {_said(on_key, examples=False)}"
            continue
        yield f"    {key}:"
        for item in written:
            alone = giving(one for one in units if item in getattr(one, key))
            behind = [one for one in seen if alone(one) and not one.action.startswith(KMS)]
            said = _said(behind, examples=key != "prefixes")
            yield f"      - {on_one_line(item)}  # {said}"


def _said(seen: Iterable[Need], *, examples: bool = True) -> str:
    """`GetObject 3 times (public/a, public/b, …), HeadObject once (public/a)`."""
    of_operation: defaultdict[str, list[Need]] = defaultdict(list)
    for one in seen:
        of_operation[one.operation].append(one)
    parts = []
    for operation, some in of_operation.items():
        count = sum(one.count for one in some)
        named = list(dict.fromkeys(text for one in some for text in one.examples))
        more = ["…"] if len(named) > EXAMPLES or any(one.more for one in some) else []
        listed = ", ".join([*(text or '""' for text in named[:EXAMPLES]), *more])
        parts.append(f"{operation} {times(count)}{f' ({listed})' if examples and listed else ''}")
    return printable(", ".join(parts))


def times(count: int) -> str:
    """`once`, `2 times`."""
    return "once" if count == 1 else f"{count} times"


def why_not(call: Call) -> list[str]:
    """Return why the sandbox refused a call; nothing if it did not."""
    if call.allowed or call.error == _NO_BUCKET:
        return []
    reasons = [one.reason for one in call.checks if not one.allowed]
    return list(dict.fromkeys(reasons)) or [call.error or f"status {call.status}"]


def calls_said(calls: Sequence[Call]) -> str:
    """`12 calls`."""
    return "1 call" if len(calls) == 1 else f"{len(calls)} calls"
