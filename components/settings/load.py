"""From a stack's config to its settings, or to all findings about it."""

import json
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from components.settings.findings import Finding, SettingsError, Step, path_of, shown
from components.settings.model import (
    AccessKey,
    Delivery,
    Grant,
    Role,
    Stack,
    Trust,
    User,
    Variables,
)
from components.settings.trust_rules import ANY_PROJECT, WHERE

NAMESPACE: Final = "circleci-s3-access"
"""The project's name, which is the namespace of its config keys."""

_LISTS_OF_MAPPINGS: Final = ("grants", "deliver")
_KINDS: Final[Mapping[Step, type[BaseModel]]] = {"user": User, "role": Role}

_TYPES: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}

_SCALARS: Final = (bool, int, float, date)

_HINTS: Final = {
    "bucket": ": the bucket's name",
    "grants": ": a list of grants, each with a bucket",
    "identities": ": a mapping of IAM names to identities",
    "kind": ": user or role",
    "organization": f": the CircleCI organization's id ({WHERE['organization']})",
    "projects": f": a list of CircleCI project ids ({WHERE['project']})",
    "trust": ": which CircleCI jobs may assume the role",
}


def load(stack: str, config: Mapping[str, Any]) -> Stack:
    """Check a stack's config and convert it to settings. Its keys have no namespace.

    Raises:
        SettingsError: With every finding, if there are any.
    """
    if (message := _unreadable(config)) is not None:
        raise SettingsError(stack, [Finding("config", message)])
    try:
        return Stack.model_validate(dict(config))
    except ValidationError as error:
        found = [_finding(details) for details in error.errors(include_url=False)]
        raise SettingsError(stack, dict.fromkeys(found)) from None


def _unreadable(config: Mapping[str, Any]) -> str | None:
    """The message about a config that can't be checked, which YAML anchors and escapes allow."""
    try:
        json.dumps(config, ensure_ascii=False, default=str, skipkeys=True).encode()
    except UnicodeEncodeError as error:
        return f"contains {error.object[error.start]!a}, which is not a valid character"
    except (ValueError, RecursionError):
        return "contains itself, or is nested too deeply"
    return None


def _finding(details: ErrorDetails) -> Finding:
    steps = _steps(details["loc"])
    kind, value = details["type"], details["input"]
    if kind == "invalid_key" or steps[-1] == "[key]":
        place = details["loc"][:-1] if kind == "invalid_key" else details["loc"][:-2]
        key = json.dumps(value, default=str)
        return Finding(path_of((*_steps(place), key)), "is a key that is not text; quote it")
    if kind == "extra_forbidden":
        return Finding(path_of(steps), _unknown_key(details["loc"]))
    if kind == "missing":
        return Finding(path_of(steps), f"is missing{_HINTS.get(str(steps[-1]), '')}")
    # The message quotes the wrong item of a list, so the path ends at the list.
    if isinstance(steps[-1], int) and steps[-2] not in _LISTS_OF_MAPPINGS:
        steps = steps[:-1]
    if kind == "tuple_type" and isinstance(value, str) and steps[-1] not in _LISTS_OF_MAPPINGS:
        return Finding(path_of(steps), f"'{value}' is not a list{_as_list(steps[-1], value)}")
    return Finding(path_of(steps), _message(details))


def _as_list(key: Step, text: str) -> str:
    if text == ANY_PROJECT and key == "projects":
        return (
            f"; list the ids ({WHERE['project']}), "
            "or use ['*'] for every project of the organization"
        )
    # Neither is valid in any other list.
    return "" if text in ("", "*") else f"; did you mean ['{text}']?"


def _message(details: ErrorDetails) -> str:
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        expected = context["expected"].replace(" or ", ", ").replace("'", "")
        return f"{shown(value)} is not one of {expected}"
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{value} is out of range; AWS allows 3600 to 43200 (a job may request less)"
    return wrong_type(details)


def wrong_type(details: ErrorDetails) -> str:
    """The message about a value of another type than its key has."""
    kind, value = details["type"], details["input"]
    right = _TYPES.get(kind, "what belongs here")
    is_bare = kind == "string_type" and isinstance(value, _SCALARS)
    return f"{shown(value)} is not {right}{'; quote it' if is_bare else ''}"


def _steps(loc: tuple[Step, ...]) -> tuple[Step, ...]:
    """The path in the config: without the tag that pydantic adds for a union."""
    is_tagged = len(loc) > 2 and loc[0] == "identities" and loc[2] in _KINDS  # noqa: PLR2004 - identities, name, kind
    steps = (*loc[:2], *loc[3:]) if is_tagged else loc
    # A number is an index of a list, or a key of a mapping that should be text.
    mappings = ("identities", "tags")
    return tuple(
        str(step) if index and steps[index - 1] in mappings else step
        for index, step in enumerate(steps)
    )


def _unknown_key(loc: tuple[Step, ...]) -> str:
    key = str(loc[-1])
    model, other = _models(loc)
    if key in _keys(other):
        return f"is not a key of this kind; it belongs to kind: {getattr(other, 'KIND', '')}"
    known = _keys(model)
    near = get_close_matches(key, known, n=1)
    right = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
    return f"is not a known key; {right}"


def _models(loc: tuple[Step, ...]) -> tuple[type[BaseModel], type[BaseModel] | None]:
    """The model that a path's last key belongs to, and for an identity the other kind's model."""
    inside = loc[3:-1] if loc[0] == "identities" else ()
    if len(loc) == 1:
        return Stack, None
    if inside[:1] == ("grants",):
        return Grant, None
    if inside[:1] == ("accessKeys",):
        return AccessKey, None
    if inside[:1] == ("deliver",):
        return Variables if "variables" in inside else Delivery, None
    if inside[:1] == ("trust",):
        return Trust, None
    return (User, Role) if loc[2] == "user" else (Role, User)


def _keys(model: type[BaseModel] | None) -> list[str]:
    fields = model.model_fields if model else {}
    return [field.alias or name for name, field in fields.items()]


def decoded(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Parse a value that ``pulumi config set`` stored as JSON text."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    return value


def own_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config of the program's namespace, with the namespace removed from the keys."""
    prefix = f"{NAMESPACE}:"
    return {
        key.removeprefix(prefix): decoded(value)
        for key, value in config.items()
        if key.startswith(prefix)
    }
