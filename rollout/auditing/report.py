"""What `audit` prints: for people, and as JSON.

The JSON, version 1::

    {"version": 1, "accounts": [{"profile": null, "account": "111111111111", "error": null,
        "risks": [{"weakness": "crafted-branch", "level": "high", "kind": "role", "name": "deploy",
            "text": "...", "entry": null | {"sub": "org/...", "aud": "..."}
                | {"action": "s3:GetObject", "resource": "arn:..."},
            "instead": null | {"kind": "role", "trust": {...}}}]}],
     "notes": ["..."]}

`instead` is what the stack's file would say of the identity.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml
from rich.console import Console
from rich.text import Text

from components.settings.findings import printable
from rollout.auditing.audit import NOT_LOOKED_AT, Audited
from rollout.auditing.risks import Level, Risk
from rollout.reporting.terminal import say, show_indented

VERSION: Final = 1
_HANG: Final = 2
_ANY: Final = 1_000_000
"""Wider than any line: the terminal folds them."""
_SIGNS: Final = {Level.HIGH: "!", Level.MEDIUM: "+", Level.LOW: "·", Level.UNKNOWN: "?"}
_STYLES: Final = {
    Level.HIGH: "bold red",
    Level.MEDIUM: "yellow",
    Level.LOW: "",
    Level.UNKNOWN: "magenta",
}


def as_json(found: Sequence[Audited]) -> dict[str, Any]:
    """Return the object that `--json` prints."""
    return {
        "version": VERSION,
        "accounts": [
            {
                "profile": one.profile,
                "account": one.account,
                "error": one.error,
                "risks": [_risk_json(risk) for risk in one.risks],
            }
            for one in found
        ],
        "notes": [NOT_LOOKED_AT],
    }


def _risk_json(risk: Risk) -> dict[str, Any]:
    return {
        "weakness": risk.weakness.value,
        "level": risk.weakness.level.value,
        "kind": risk.kind,
        "name": risk.name,
        "text": risk.text,
        "entry": risk.entry,
        "instead": risk.instead,
    }


def title(one: Audited) -> str:
    """Name an account, by its profile if there is one."""
    whose = f"profile {one.profile}" if one.profile else "default credentials"
    return f"account {one.account} ({whose})" if one.account else whose


def show(console: Console, found: Sequence[Audited]) -> None:
    """Print each account's identities, those with the worst risk first."""
    for one in found:
        if one.error is None:
            say(console, Text(printable(f"{title(one)}: {_counted(one.risks)}"), "bold"))
            together: dict[tuple[str, str], list[Risk]] = {}
            for risk in one.risks:
                together.setdefault((risk.kind, risk.name), []).append(risk)
            for (kind, name), risks in together.items():
                _show_identity(console, kind, name, risks)
            console.print()
    if any(one.error is None for one in found):
        say(console, Text(NOT_LOOKED_AT))


def _counted(risks: Iterable[Risk]) -> str:
    counts = Counter(risk.weakness.level for risk in risks)
    told = [f"{counts[level]} {level.value}" for level in Level if counts[level]]
    return ", ".join(told) or "nothing found"


def _show_identity(console: Console, kind: str, name: str, risks: Sequence[Risk]) -> None:
    console.print()
    say(console, Text(printable(f"{kind} {name}"), "bold"))
    for risk in risks:
        weakness = risk.weakness
        text = Text(printable(risk.text)).append(f" ({weakness.value})", _STYLES[weakness.level])
        show_indented(console, text, _SIGNS[weakness.level], hang=_HANG)
        for key, value in (risk.entry or {}).items():
            show_indented(console, Text(printable(f"  {key}: {value}"), "dim"), hang=_HANG * 2)
    instead = {key: value for risk in risks for key, value in (risk.instead or {}).items()}
    if instead:
        show_indented(console, Text("the stack's file would say:"))
        for line in _yaml({name: instead} if kind != "provider" else instead):
            show_indented(console, Text(printable(f"  {line}")), hang=_HANG * 2)


def _yaml(value: Mapping[str, Any]) -> list[str]:
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=_ANY).splitlines()
