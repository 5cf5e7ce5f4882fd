"""YAML as Pulumi reads it.

Pulumi's reader, Go's yaml.v3, takes some plain words otherwise than PyYAML does:
``yes`` and ``on`` are text, ``012345670123`` is an octal number, ``012345678901``
loses its zero, a date becomes a text that also holds a time, and keys are texts.
"""

import re
from collections import Counter
from collections.abc import Hashable
from math import inf, isinf
from typing import Any, Final

import yaml

_OCTAL: Final = re.compile(r"[-+]?0[0-7]+")
_DECIMAL: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMBER: Final = r"[-+]?[.0-9][0-9a-zA-Z_.+-]*\Z"
_TIME: Final = r"\d{4}-\d\d?-\d\d?(?:[Tt ][ \t]*\d.*)?\Z"
_MERGE: Final = "tag:yaml.org,2002:merge"


def parse(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """The one document in a text, as JSON's types; every key is a text.

    Raises:
        yaml.YAMLError: where it is no YAML, or a key stands in a mapping twice.
        ValueError: where a number is too long to be read.
        RecursionError: where lists are nested too deeply.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML's own form; none of SafeLoader's

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        names = (key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for name, count in Counter(names).items():
            if count > 1 and name != "<<":
                problem = f"the key '{name}' stands in one mapping {count} times"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return {_key(key): value for key, value in super().construct_mapping(node, deep).items()}


def _key(key: Hashable) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    return "<nil>" if key is None else str(key)


def _number(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float | str:
    text = node.value.replace("_", "")
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    try:
        return int(text, 0)
    except ValueError:
        number = float(text) if _DECIMAL.fullmatch(text) else inf
    if isinf(number):
        return str(node.value)
    return int(number) if number.is_integer() else number


def _time(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    try:
        time = loader.construct_yaml_timestamp(node)
    except (ValueError, AttributeError):
        return str(node.value)
    return f"{time:%Y-%m-%d %H:%M:%S} +0000 UTC"


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    ("tag:yaml.org,2002:null", r"(?:~|null|Null|NULL|)\Z", ("~", "n", "N", "")),
    (_MERGE, r"<<\Z", "<"),
    # Before numbers: both start with a digit.
    ("tag:yaml.org,2002:timestamp", _TIME, "0123456789"),
    ("tag:yaml.org,2002:int", _NUMBER, "-+.0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _time)
