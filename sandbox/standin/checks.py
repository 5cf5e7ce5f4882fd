"""Check: a program's inputs with defaults and names filled in, or what is wrong with them."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sandbox.standin.resource_type import Input, ResourceType
from sandbox.standin.values import UNKNOWN, Values, has_unknown

DEFAULTS: Final = "__defaults"
"""The input that lists which others were filled in; Pulumi's providers keep it in their state."""
PREFIX: Final = "namePrefix"
_SUFFIX: Final = 7


@dataclass(frozen=True)
class Fault:
    """What is wrong with one property."""

    property: str
    reason: str


def faults(entry: ResourceType, new: Values) -> Iterator[Fault]:
    """Find everything that is wrong with a program's inputs."""
    for name in sorted(new.keys() - entry.inputs.keys() - {DEFAULTS}):
        yield Fault(name, f"An argument named {name!r} is not expected in {entry.token}")
    for name, spec in entry.inputs.items():
        if name not in new:
            if spec.required:
                yield Fault(name, f"Missing required argument: {name!r} of {entry.token}")
        elif not has_unknown(new[name]) and (reason := _fault(spec, new[name])):
            yield Fault(name, reason)


def with_defaults(entry: ResourceType, label: str, old: Values, new: Values, seed: bytes) -> Values:
    """Fill in what the program left out; a name that was made up before is kept.

    Args:
        entry: the resource's type.
        label: the resource's name in the program, from which its name in AWS is made.
        old: the inputs of the last run, empty for a new resource.
        new: the program's inputs, free of faults.
        seed: random bytes from the engine, the same in a preview and its update.
    """
    filled, defaults = dict(new), []
    for name, spec in entry.inputs.items():
        if name in new:
            continue
        if spec.named_up_to is not None:
            filled[name] = _name(spec.named_up_to, name, label, old, new, seed)
        elif spec.default is not None:
            filled[name] = spec.default
        else:
            continue
        defaults.append(name)
    return {**filled, DEFAULTS: defaults}


def _name(  # noqa: PLR0913, PLR0917 - everything that a name depends on
    longest: int, name: str, label: str, old: Values, new: Values, seed: bytes
) -> object:
    made_before = name in old.get(DEFAULTS, [])
    if made_before and old.get(PREFIX) == new.get(PREFIX):
        return old[name]
    prefix = new.get(PREFIX, f"{label}-")
    if prefix is UNKNOWN:
        return UNKNOWN
    suffix = (seed.hex() or secrets.token_hex())[:_SUFFIX]
    return f"{prefix[: longest - _SUFFIX]}{suffix}"


def _fault(spec: Input, value: Any) -> str | None:  # noqa: ANN401 - an input is anything
    if not isinstance(value, spec.kind) or (spec.kind is int and isinstance(value, bool)):
        return f"expected type {spec.kind.__name__}, got {type(value).__name__}"
    return spec.fault(value)
