"""A row of the table as calls of boto3: what AWS is asked, and what its answers tell."""

import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Any, Final

from sandbox.standin import limits
from sandbox.standin.aws import Aws, aws_tags, read_tags
from sandbox.standin.diffs import same
from sandbox.standin.documents import text_of
from sandbox.standin.errors import StandInError
from sandbox.standin.resource_type import Call, Property, ResourceType
from sandbox.standin.values import Values

_TAGS: Final = "Tags"


def create(row: ResourceType, aws: Aws, new: Values) -> tuple[str, Values]:
    """Make a resource; return its id, and the properties that AWS answered."""
    given = _arguments(row, row.inputs.keys() - {"tags"}, new)
    if row.tagged:
        given[_TAGS] = aws_tags(new["tagsAll"])
    with limits.CHECK_AND_ACT if row.limit else nullcontext():
        if row.limit:
            row.limit(aws, new)
        answer = _call(row, aws, row.create, given, new)
    values = {**_told(row, answer, new), **new}
    return row.id.format_map({**answer, **values}), values


def read(row: ResourceType, aws: Aws, id_: str, old: Values) -> Values | None:
    """Return a resource's properties as they are now; None if it is gone."""
    values = _named(row, id_, old)
    key = _key(row, values)
    answer = _call(row, aws, row.read, key, values)
    return None if answer is None else _told(row, {**key, **answer}, old)


def update(row: ResourceType, aws: Aws, id_: str, old: Values, new: Values) -> None:
    """Change a resource in place."""
    old = _named(row, id_, old)
    key = _key(row, old)
    with limits.CHECK_AND_ACT if row.limit else nullcontext():
        if row.limit:
            row.limit(aws, new)
        for names, change in row.changes.items():
            if all(same(row.properties[name], old.get(name), new.get(name)) for name in names):
                continue
            if isinstance(change, str):
                empty = {name: row.properties[name].kind() for name in names}
                given = {row.properties[n].aws: new.get(n, empty[n]) for n in names}
                _method(row, aws, change)(**key, **given)
            else:
                change(aws, old, new)
    if row.tagged and (old.get("tagsAll") or {}) != new["tagsAll"]:
        _change_tags(row, aws, old, new)


def delete(row: ResourceType, aws: Aws, id_: str, old: Values) -> None:
    """Delete a resource."""
    values = _named(row, id_, old)
    _call(row, aws, row.delete, _key(row, values), values)


def _call(row: ResourceType, aws: Aws, call: Call, given: Values, values: Values) -> Any:  # noqa: ANN401 - an answer of boto3
    answer = _method(row, aws, call)(**given) if isinstance(call, str) else call(aws, values)
    return None if answer is None else answer.get(row.answer, answer)


def _method(row: ResourceType, aws: Aws, name: str) -> Any:  # noqa: ANN401 - a method of boto3
    return getattr(getattr(aws, row.service), name)


def _named(row: ResourceType, id_: str, old: Values) -> Values:
    """Return what is known of a resource; of one to import, what its id tells."""
    parts = re.split(r"{(\w+)}", row.id)
    pattern = "".join(f"(?P<{p}>.+?)" if i % 2 else re.escape(p) for i, p in enumerate(parts))
    told = re.fullmatch(pattern, id_)
    if told is None:
        raise StandInError(f"the id {id_!r} of {row.token} is not of the form {row.id}")
    return {**told.groupdict(), **old, "id": id_}


def _key(row: ResourceType, values: Values) -> Values:
    return {argument: values[name] for argument, name in row.key.items() if name in values}


def _arguments(row: ResourceType, names: Iterable[str], values: Values) -> Values:
    """Return properties as arguments; boto3 takes no None, and AWS few empty texts."""
    named = (name for name in names if row.properties[name].aws)
    given = {name: values[name] for name in named if values.get(name) not in (None, "")}
    return {row.properties[n].aws.partition(".")[0]: value for n, value in given.items()}


def _told(row: ResourceType, answer: Mapping[str, Any], old: Values) -> Values:
    """Return the properties in an answer; one that means the same as before stays as it was."""
    told: Values = {}
    for name, spec in row.properties.items():
        value = _value(spec, answer) if spec.aws else old.get(name)
        if name == "tags" or value in (None, ""):
            continue
        before = old.get(name)
        told[name] = before if before is not None and same(spec, before, value) else value
    if row.tagged:
        told["tagsAll"] = read_tags(answer.get(_TAGS, []))
    return told


def _value(spec: Property, answer: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a property is anything
    value: Any = answer
    for part in spec.aws.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return text_of(value) if spec.document and value is not None else value


def _change_tags(row: ResourceType, aws: Aws, old: Values, new: Values) -> None:
    if not isinstance(row.tag, str):
        row.tag(aws, old, new)
        return
    key = _key(row, {**old, **new})
    before, after = old.get("tagsAll") or {}, new["tagsAll"]
    if gone := sorted(before.keys() - after.keys()):
        _method(row, aws, row.untag)(**key, TagKeys=gone)
    if put := {name: value for name, value in after.items() if before.get(name) != value}:
        _method(row, aws, row.tag)(**key, Tags=aws_tags(put))
