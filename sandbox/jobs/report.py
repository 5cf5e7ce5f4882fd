"""What `run` tells at its end: the calls, grouped, with the statements that decided.

The JSON, version 1::

    {"version": 1, "stack": "prod", "identity": "circleci-deploy", "exitCode": 0, "calls": [{
        "service": "s3", "operation": "PutObject", "bucket": "acme-site", "allowed": false,
        "count": 2, "examples": ["private/a", "private/b"], "error": "AccessDenied",
        "checks": [{"action": "s3:PutObject", "allowed": false, "reason": "because no ...",
            "policy": null, "statement": null, "sid": null}],
        "grants": [{"bucket": "acme-site", "access": ["write"], "prefixes": ["private/"]}],
        "inConfig": false}], "notes": []}

`grants` would allow what was refused; there is none where a statement denies it, and none where the
config has the grant (`inConfig`). `statement` counts
from 0, as a JSON path does; the words for people count from 1. `notes` say which conditions of the
identity no call to the sandbox meets.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final

from components.policy.grants import as_config
from components.settings.findings import printable
from components.settings.model import Grant, Role, User
from sandbox.authorization.record import Call, Check
from sandbox.jobs.grants import giving, grants, lacking
from sandbox.jobs.learned import calls_said, on_one_line, times
from sandbox.jobs.needs import EXAMPLES, Need, needs

VERSION: Final = 1
_CALLER: Final = ip_address("127.0.0.1")
_NOT_GRANTED: Final = "no identity-based policy allows"
"""What the reason says if a grant would allow the action."""


@dataclass(frozen=True)
class AlikeCalls:
    """Calls of one operation on one bucket that were decided alike."""

    calls: tuple[Call, ...]

    @property
    def first(self) -> Call:
        """One of the calls."""
        return self.calls[0]

    @property
    def examples(self) -> list[str]:
        """Some of the keys, or of the prefixes of listings; at their end `…` if there are more."""
        seen = needs(self.calls)
        keys = list(dict.fromkeys(text for need in seen for text in need.examples))
        more = len(keys) > EXAMPLES or any(need.more for need in seen)
        return [*keys[:EXAMPLES], *["…"] * more]

    @property
    def decisions(self) -> list[Check]:
        """Its checks, without what differs from key to key."""
        return list({_alike(one): one for one in self.first.checks}.values())

    @property
    def ungranted(self) -> list[Need]:
        """The needs that no grant allowed."""
        kinds = {need.kind for need in needs(self.calls, _is_not_granted)}
        return lacking(needs(self.calls), lambda need: need.kind not in kinds)


@dataclass(frozen=True)
class Ran:
    """How the command ended that ran as an identity, with the settings that the config has."""

    stack: str
    identity: str
    settings: User | Role
    code: int
    calls: tuple[Call, ...]

    @property
    def groups(self) -> list[AlikeCalls]:
        """Its calls, those that were decided alike together."""
        return grouped(self.calls)

    def missing(self, group: AlikeCalls) -> tuple[Grant, ...]:
        """The grants for the ungranted needs that the config lacks."""
        return grants(lacking(group.ungranted, giving(self.settings.grants)))

    def has(self, group: AlikeCalls) -> bool:
        """Whether the config has grants for all ungranted needs."""
        return bool(group.ungranted) and all(map(giving(self.settings.grants), group.ungranted))

    @property
    def notes(self) -> list[str]:
        """Which conditions of the identity no call to the sandbox meets, if calls were refused."""
        return list(unmet(self.settings)) if any(not one.allowed for one in self.calls) else []


def unmet(settings: User | Role) -> Iterator[str]:
    """Say which conditions of an identity no call to the sandbox meets."""
    why = {}
    if settings.require_tls:
        why["requireTls"] = "the sandbox has no TLS"
    networks = [ip_network(one, strict=False) for one in settings.source_ips]
    if networks and not any(_CALLER in one for one in networks):
        why["sourceIps"] = f"the sandbox is called from {_CALLER}"
    for key, reason in why.items():
        yield (
            f"{key} refuses every call here, whatever the grants are: {reason}. To try the grants, "
            f"take {key} out, deploy that in the sandbox alone, and put it back."
        )


def grouped(calls: Iterable[Call]) -> list[AlikeCalls]:
    """Group calls, in the order of the first of each group."""
    found: dict[tuple[object, ...], list[Call]] = {}
    for call in calls:
        decided = frozenset(map(_alike, call.checks))
        kind = (call.service, call.operation, call.bucket, call.allowed, call.error, decided)
        found.setdefault(kind, []).append(call)
    return [AlikeCalls(tuple(some)) for some in found.values()]


def as_json(ran: Ran) -> dict[str, Any]:
    """Return the object that `--json` writes."""
    return {
        "version": VERSION,
        "stack": ran.stack,
        "identity": ran.identity,
        "exitCode": ran.code,
        "calls": [_group_json(ran, one) for one in ran.groups],
        "notes": ran.notes,
    }


def as_lines(ran: Ran) -> Iterator[str]:
    """Return the report as lines of text."""
    allowed = sum(one.allowed for one in ran.calls)
    yield (
        f"{ran.identity} of {ran.stack} made {calls_said(ran.calls)} in this run: {allowed} "
        f"allowed, {len(ran.calls) - allowed} refused, as the sandbox decides, which is not AWS."
    )
    for title, is_allowed in (("allowed:", True), ("refused:", False)):
        held = [one for one in ran.groups if one.first.allowed is is_allowed]
        if held:
            yield title
        for one in held:
            yield from (printable(line) for line in _group_lines(ran, one))
    for note in ran.notes:
        yield f"note: {note}"


def _group_lines(ran: Ran, group: AlikeCalls) -> Iterator[str]:
    keys = ", ".join(text or '""' for text in group.examples)
    named = f": {keys}" if keys else ""
    where = f" on {group.first.bucket}" if group.first.bucket else ""
    yield f"  {group.first.operation}{where} {times(len(group.calls))}{named}"
    if group.first.error and all(one.allowed for one in group.first.checks):
        yield f"    {group.first.error}"
    for one in group.decisions:
        yield f"    {one.action}: {_why(one)}" if one.action else f"    {_why(one)}"
    for grant in ran.missing(group):
        yield f"    this grant would allow it: {on_one_line(as_config(grant))}"
    if ran.has(group):
        stale = "" if ran.notes else "; it may have changed since `up`"
        yield f"    the stack's file grants this{stale}"


def _why(check: Check) -> str:
    if check.policy is None or check.statement is None:
        return check.reason or ("allowed" if check.allowed else "refused")
    sid = f" ({check.sid})" if check.sid else ""
    verb = "allowed" if check.allowed else "denied"
    return f"{verb} by statement {check.statement + 1}{sid} of {check.policy}"


def _group_json(ran: Ran, group: AlikeCalls) -> dict[str, Any]:
    first = group.first
    return {
        "service": first.service,
        "operation": first.operation,
        "bucket": first.bucket,
        "allowed": first.allowed,
        "count": len(group.calls),
        "examples": group.examples,
        "error": first.error,
        "checks": [
            {
                "action": one.action,
                "allowed": one.allowed,
                "reason": one.reason,
                "policy": one.policy,
                "statement": one.statement,
                "sid": one.sid,
            }
            for one in group.decisions
        ],
        "grants": [as_config(one) for one in ran.missing(group)],
        "inConfig": ran.has(group),
    }


def _alike(check: Check) -> tuple[object, ...]:
    """What checks have in common that were decided alike, whatever the key."""
    return (
        check.action,
        check.allowed,
        check.reason,
        check.policy,
        check.statement,
        check.sid,
    )


def _is_not_granted(check: Check) -> bool:
    return not check.allowed and _NOT_GRANTED in check.reason
