"""Property values of the protocol as plain Python values, and back.

Secrets are kept by property: one with a secret anywhere in it is secret as a whole. A value that is
not known yet (in a preview) is `UNKNOWN`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

Values: TypeAlias = dict[str, Any]
"""Property names (camelCase) and their plain values."""


class Unknown:
    """The type of `UNKNOWN`."""

    def __repr__(self) -> str:
        """Show it in messages."""
        return "<unknown>"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Properties:
    """Plain values, and the names of those that are secret."""

    values: Values
    secrets: frozenset[str]


def has_unknown(value: object) -> bool:
    """Say whether any part of a plain value is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def from_wire(properties: Mapping[str, PropertyValue]) -> Properties:
    """Read the protocol's values, without nulls."""
    plain = {name: _plain(value) for name, value in properties.items()}
    return Properties(
        values={name: value for name, value in plain.items() if value is not None},
        secrets=frozenset(n for n, value in properties.items() if value.contains_secret()),
    )


def to_wire(values: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, PropertyValue]:
    """Write plain values for the protocol; those named in `secrets` become secrets."""
    hidden = set(secrets)
    return {
        name: _wire(value).with_secret(name in hidden)
        for name, value in values.items()
        if value is not None
    }


def _plain(value: PropertyValue) -> Any:  # noqa: ANN401 - a property holds anything
    inner = value.value
    if isinstance(inner, str):
        return UNKNOWN if inner == rpc.UNKNOWN else inner
    if isinstance(inner, float):
        return int(inner) if inner.is_integer() else inner
    if inner is None or isinstance(inner, bool):
        return inner
    if isinstance(inner, Mapping):
        return {name: _plain(item) for name, item in inner.items()}
    if isinstance(inner, tuple):
        return [_plain(item) for item in inner]
    raise TypeError(f"the stand-in can't read a property of type {value.type.value}")


def _wire(value: object) -> PropertyValue:
    if value is UNKNOWN:
        return PropertyValue(rpc.UNKNOWN)
    if value is None or isinstance(value, bool | str):
        return PropertyValue(value)
    if isinstance(value, int | float):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue({str(name): _wire(item) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([_wire(item) for item in value])
    raise TypeError(f"not a property's value: {value!r}")
