"""The stand-in's schema: the types of its table, as far as the table describes them."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sandbox.standin.resource_type import Property
from sandbox.standin.tables import TYPES

_TYPES: Final[Mapping[type, dict[str, Any]]] = MappingProxyType(
    {
        bool: {"type": "boolean"},
        dict: {"type": "object", "additionalProperties": {"type": "string"}},
        int: {"type": "integer"},
        list: {"type": "array", "items": {"type": "string"}},
        str: {"type": "string"},
    }
)


def schema() -> str:
    """The schema as JSON."""
    resources = {
        token: {
            "properties": _described(row.properties),
            "inputProperties": _described(row.inputs),
            "requiredInputs": [name for name, one in row.inputs.items() if one.required],
        }
        for token, row in TYPES.items()
    }
    return json.dumps({"name": "aws", "version": "7.0.0", "resources": resources})


def _described(properties: Mapping[str, Property]) -> dict[str, dict[str, Any]]:
    return {
        name: {**_TYPES[one.kind], **({"secret": True} if one.secret else {})}
        for name, one in properties.items()
    }
