"""An adoption in words and as JSON."""

import json
from collections.abc import Iterator
from typing import Any, Final

from rollout.access.diff import access_json
from rollout.adopting.adoption import Adoption
from rollout.adopting.candidate import Candidate, Obstacle
from rollout.adopting.imports import replaced
from rollout.deployed.model import DeployedKey, DeployedUser
from rollout.writing.file import dumped

VERSION: Final = 1


def as_lines(adoption: Adoption) -> Iterator[str]:
    """What would be adopted and what not, line by line."""
    for refused in adoption.refused:
        yield f"{_named(refused.name, refused.kind)} is refused:"
        for reason in refused.reasons:
            yield from _reason(reason)
    for one in adoption.candidates:
        head = f"{_named(one.name, one.kind)} as {adoption.path.name} has it:"
        yield head if not adoption.refused else f"{_named(one.name, one.kind)} could be adopted."
        if not adoption.refused:
            yield from (f"    {line}" for line in dumped(one.config).splitlines())
            yield from (f"  {line}" for line in _later(adoption, one))


def _named(name: str, kind: str | None) -> str:
    return f"{kind} {name}" if kind else name


def _reason(reason: Obstacle) -> Iterator[str]:
    place = f"{reason.place}: " if reason.place else ""
    yield f"  {place}{reason.text}"
    if reason.statement is not None:
        yield f"    {json.dumps(reason.statement, ensure_ascii=False)}"


def _later(adoption: Adoption, one: Candidate) -> Iterator[str]:
    """What the next `up` does with an identity, and what stays."""
    change = adoption.change(one)
    yield "the evaluator proves that the next up leaves what its policies allow as it is"
    if change.lines:
        yield "a preview of the next up says:"
        yield from (f"  {line}" for line in change.lines)
    inline, attached = replaced(one)
    new = [name for name in one.documents if name not in one.deployed.inline]
    gone = [*(f"deletes {name}" for name in inline), *(f"detaches {arn}" for arn in attached)]
    if gone:
        made = f"makes {', '.join(new)} first, then " if new else ""
        yield f"the next up {made}{', '.join(gone)}"
    if isinstance(one.deployed, DeployedUser):
        yield from map(_key, one.deployed.keys)


def _key(key: DeployedKey) -> str:
    status = "active" if key.active else "inactive"
    return (
        f"access key {key.id} ({status}) keeps working, outside the state; it counts towards the "
        "two that AWS allows"
    )


def as_json(adoption: Adoption, *, imported: bool) -> dict[str, Any]:
    """What `--json` prints."""
    changes = [adoption.change(one) for one in adoption.candidates]
    return {
        "version": VERSION,
        "stack": adoption.stack,
        "account": adoption.account,
        "file": adoption.path.name,
        "imported": imported,
        "identities": [_identity(one) for one in adoption.candidates],
        "refused": [
            {
                "name": one.name,
                "kind": one.kind,
                "reasons": [
                    {"place": r.place or None, "text": r.text, "statement": r.statement}
                    for r in one.reasons
                ],
            }
            for one in adoption.refused
        ],
        "access": access_json(adoption.stack, [one for one in changes if one.lines]),
    }


def _identity(one: Candidate) -> dict[str, Any]:
    inline, attached = replaced(one)
    keys = one.deployed.keys if isinstance(one.deployed, DeployedUser) else ()
    return {
        "name": one.name,
        "kind": one.kind,
        "config": dict(one.config),
        "accessKeys": [{"id": key.id, "active": key.active} for key in keys],
        "replaced": {"inline": inline, "attached": attached},
    }
