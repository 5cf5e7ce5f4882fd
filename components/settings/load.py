"""From a stack's config to its settings, or to everything that is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from components.settings import rules
from components.settings.findings import Finding, SettingsError, Step, path_of
from components.settings.model import Grant, Role, Stack, Trust, User

NAMESPACE: Final = "circleci-s3-access"
"""The project's name, and so the namespace of its config keys."""

_KINDS: Final[Mapping[str, type[BaseModel]]] = {"user": User, "role": Role}

_TYPES: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "int_type": "a whole number",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "string_type": "text (quote it)",
    "tuple_type": "a list",
}


def load(stack: str, config: Mapping[str, Any]) -> Stack:
    """Check a stack's config, keys without their namespace, and make it typed.

    Raises:
        SettingsError: with every finding, where there is any.
    """
    names = list(_name_findings(config.get("identities")))
    try:
        settings = Stack.model_validate(dict(config))
    except ValidationError as error:
        found = [_finding(details) for details in error.errors(include_url=False)]
        raise SettingsError(stack, _once([*names, *found])) from None
    if findings := [*names, *_tag_findings(settings)]:
        raise SettingsError(stack, findings)
    return settings


def _name_findings(identities: object) -> Iterator[Finding]:
    """Names are the mapping's keys, which the models don't see."""
    if not isinstance(identities, Mapping):
        return
    seen: dict[str, str] = {}
    for name in map(str, identities):
        path = path_of(("identities", name))
        if (fault := rules.name_fault_of_identity(name)) is not None:
            yield Finding(path, f"'{name}' {fault}")
        if (other := seen.setdefault(name.lower(), name)) != name:
            yield Finding(path, f"'{name}' and '{other}' are one name to IAM, which ignores case")


def _tag_findings(settings: Stack) -> Iterator[Finding]:
    """An identity's own tags and the stack's must fit IAM's rules together."""
    for name, identity in settings.identities.items():
        if (fault := rules.tags_fault({**settings.tags, **identity.tags})) is not None:
            path = path_of(("identities", name, "tags"))
            yield Finding(path, f"together with the stack's tags: {fault}")


def _once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _finding(details: ErrorDetails) -> Finding:
    steps = _steps(details["loc"])
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        return Finding(path_of(steps), _unknown_key(details["loc"]))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        steps = (*steps, "kind")
    if kind in ("missing", "union_tag_not_found"):
        return Finding(path_of(steps), f"is missing{_HINTS.get(str(steps[-1]), '')}")
    # A list's wrong word is quoted in the message, so the path ends at the list.
    if isinstance(steps[-1], int) and not isinstance(value, Mapping) and steps[-2] != "grants":
        steps = steps[:-1]
    return Finding(path_of(steps), _message(details))


_HINTS: Final = {
    "access": ": a list of words",
    "bucket": ": the bucket's name",
    "grants": ": a list of grants, each with a bucket",
    "identities": ": a mapping of IAM names to identities",
    "kind": ": user or role",
    "organization": ": the CircleCI organization's id",
    "projects": ": a list of CircleCI project ids, or ['*'] for every project of the organization",
    "trust": ": which CircleCI jobs may assume the role",
}


def _message(details: ErrorDetails) -> str:
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "union_tag_invalid":
        return f"'{context['tag']}' is none of user, role"
    if kind == "literal_error":
        expected = context["expected"].replace(" or ", ", ").replace("'", "")
        return f"'{value}' is none of {expected}"
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{value} is out of range; AWS takes 3600 to 43200 (a job may ask for less itself)"
    if kind in _TYPES:
        return f"{_shown(value)} is not {_TYPES[kind]}"
    return f"{_shown(value)}: {details['msg']}"


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)


def _steps(loc: tuple[Step, ...]) -> tuple[Step, ...]:
    """The path as the user wrote it: without the tag that pydantic adds for a union."""
    is_tagged = len(loc) > 2 and loc[0] == "identities" and loc[2] in _KINDS  # noqa: PLR2004
    return (*loc[:2], *loc[3:]) if is_tagged else loc


def _unknown_key(loc: tuple[Step, ...]) -> str:
    key = str(loc[-1])
    model: type[BaseModel] = Stack
    if "trust" in loc[:-1]:
        model = Trust
    elif "grants" in loc[:-1]:
        model = Grant
    elif loc[0] == "identities" and len(loc) > 2:  # noqa: PLR2004 - identities, name, kind
        model = _KINDS[str(loc[2])]
    known = [field.alias or name for name, field in model.model_fields.items()]
    near = get_close_matches(key, known, n=1)
    right = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"is no key here; {right}"
