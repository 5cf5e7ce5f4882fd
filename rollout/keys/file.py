"""A stack's file with other labels for a user's keys; comments and everything else stay."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from components.settings.config_keys import full_keys, read_project
from components.settings.load import decoded
from components.settings.model import AccessKey
from rollout.errors import RolloutError
from rollout.writing.file import IDENTITIES, config_of, end_of, entry


def with_labels(text: str, user: str, labels: Sequence[AccessKey], path: Path) -> str:
    """Return a stack file's text in which a user has these labels.

    Raises:
        RolloutError: they can't be written into the file as it is.
    """
    before = _config(text, path)
    there = before[IDENTITIES][user]
    known = {_key(item).label: item for item in there.get("accessKeys") or ()}
    items = [
        known[key.label] if key.label in known and _key(known[key.label]) == key else _item(key)
        for key in labels
    ]
    wished = {**before[IDENTITIES], user: {**there, "accessKeys": items}}
    made = _spliced(text, user, labels, path)
    if made is None or _config(made, path) != {**before, IDENTITIES: wished}:
        raise RolloutError(
            f"{path.name}: the labels of {user} can't be changed in it as it is written; write "
            f"{IDENTITIES} as YAML mappings, and accessKeys as a list without anchors, with each "
            "comment behind a label of its own line"
        )
    return made


def _config(text: str, path: Path) -> dict[str, Any]:
    found = config_of(text, path)
    return {**found, IDENTITIES: decoded(found.get(IDENTITIES)) or {}}


def _key(item: object) -> AccessKey:
    return AccessKey.model_validate(item)


def _item(key: AccessKey) -> str | Mapping[str, Any]:
    return key.label if key.active else {"label": key.label, "active": False}


def _written(key: AccessKey) -> str:
    return f'"{key.label}"' if key.active else f'{{label: "{key.label}", active: false}}'


def _spliced(text: str, user: str, labels: Sequence[AccessKey], path: Path) -> str | None:
    """Put the labels in place of the list; None where its form is not one that is known."""
    found = entry(yaml.compose(text, Loader=yaml.SafeLoader), {"config"})
    project = read_project(path.parent).name
    names = {str(key.value) for key, _ in found[1].value} if found else set()
    own = {one for one in names if IDENTITIES in full_keys({one: 0}, project, path)[0]}
    for keys in (own, {user}, {"accessKeys"}):
        found = entry(found[1], keys) if found else None
    if found is None or not isinstance(found[1], yaml.SequenceNode) or not found[1].value:
        return None
    node = found[1]
    if not node.flow_style:
        return _in_lines(text, node, labels)
    start, end = node.start_mark.index, node.end_mark.index
    if "#" in text[start:end] or text[start] != "[":  # an anchor
        return None
    spans = {
        _label(item): (item, text[item.start_mark.index : item.end_mark.index])
        for item in node.value
    }
    listed = [
        spans[key.label][1]
        if key.label in spans and _is_active(spans[key.label][0]) is key.active
        else _written(key)
        for key in labels
    ]
    return f"{text[:start]}[{', '.join(listed)}]{text[end:]}"


def _in_lines(text: str, node: yaml.SequenceNode, labels: Sequence[AccessKey]) -> str | None:
    """Keep each label's lines, with the comments in and behind them."""
    lines = text.splitlines(keepends=True)
    ends = "\r\n" if "\r\n" in text else "\n"
    if not lines[-1].endswith("\n"):
        lines[-1] += ends
    begins = [item.start_mark.line for item in node.value]
    parts: dict[str, str] = {}
    for item, begin, end in zip(node.value, begins, [*begins[1:], end_of(node)], strict=True):
        parts[_label(item)] = "".join(lines[begin:end])
    head = lines[begins[0]][: node.value[0].start_mark.column]
    made = []
    for key in labels:
        old = next((item for item in node.value if _label(item) == key.label), None)
        written = head + _written(key)
        if old is None:
            made.append(written + ends)
        elif _is_active(old) is key.active:
            made.append(parts[key.label])
        elif old.end_mark.line == old.start_mark.line:
            rest = lines[old.start_mark.line][old.end_mark.column :]
            made.append(written + rest + parts[key.label].partition("\n")[2])
        elif "#" in parts[key.label]:
            return None
        else:
            made.append(written + ends)
    return "".join([*lines[: begins[0]], *made, *lines[end_of(node) :]])


def _label(item: Any) -> str:  # noqa: ANN401 - PyYAML's nodes
    found = entry(item, {"label"})
    return str(found[1].value if found else item.value)


def _is_active(item: Any) -> bool:  # noqa: ANN401
    found = entry(item, {"active"})
    return found is None or str(found[1].value).lower() != "false"
