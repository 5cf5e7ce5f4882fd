"""Check: a program's inputs with defaults filled in, or what is wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.standin.resource_type import Property, ResourceType
from sandbox.standin.values import Values, has_unknown


@dataclass(frozen=True)
class Fault:
    """What is wrong with one property."""

    property: str
    reason: str


def faults(row: ResourceType, new: Values) -> Iterator[Fault]:
    """Find everything that is wrong with a program's inputs."""
    for name in sorted(new.keys() - row.inputs.keys()):
        yield Fault(name, f"An argument named {name!r} is not expected in {row.token}")
    for name, spec in row.inputs.items():
        if name not in new:
            if spec.required:
                yield Fault(name, f"Missing required argument: {name!r} of {row.token}")
        elif not has_unknown(new[name]) and (reason := _fault(spec, new[name])):
            yield Fault(name, reason)


def with_defaults(row: ResourceType, new: Values) -> Values:
    """Fill in what a program leaves out."""
    defaults = {name: one.default for name, one in row.inputs.items() if one.default is not None}
    return {**defaults, **new}


def _fault(spec: Property, value: Any) -> str | None:  # noqa: ANN401 - a property is anything
    if not isinstance(value, spec.kind) or (spec.kind is int and isinstance(value, bool)):
        return f"expected type {spec.kind.__name__}, got {type(value).__name__}"
    return spec.fault(value)
