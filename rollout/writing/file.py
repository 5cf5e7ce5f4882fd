"""A stack's file with identities added; what is in the file already stays as it is."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import Any, Final

import yaml

from components.settings import pulumi_yaml
from components.settings.config_keys import full_keys, read_project
from components.settings.load import NAMESPACE, decoded
from rollout.errors import RolloutError

IDENTITIES: Final = f"{NAMESPACE}:identities"
_WIDTH: Final = 100
_TAG: Final = "tag:yaml.org,2002:"


def text_of(path: Path) -> str | None:
    """Return a file's text; None if there is no file.

    Raises:
        RolloutError: it can't be read.
    """
    try:
        return path.read_bytes().decode() if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise RolloutError(f"{path.name} can't be read: {error}") from None


def check_unchanged(path: Path, before: str | None) -> None:
    """Check that a file still has the text that it had.

    Raises:
        RolloutError: it has another one.
    """
    if text_of(path) != before:
        raise RolloutError(f"{path.name} was changed meanwhile: run it again.")


def with_identities(
    text: str,
    place: Mapping[str, Any],
    identities: Mapping[str, Any],
    path: Path,
    comments: Mapping[str, str] | None = None,
) -> str:
    """Return a stack file's text with identities added, and with what of `place` it lacks.

    Args:
        text: the file as it is; empty if there is none.
        place: the region, the accounts and the like, by their full keys.
        identities: by name, as the config has them.
        path: the file, for messages and the project beside it.
        comments: by the keys that they are written above, where these are added.

    Raises:
        RolloutError: they can't be written into the file as it is.
    """
    before = config_of(text, path)
    added = {key: value for key, value in place.items() if key not in before}
    there = decoded(before.get(IDENTITIES)) or {}
    wished = {**before, **added, IDENTITIES: {**there, **identities}}
    write = partial(dumped, comments=comments or {})
    made = _spliced(text, added, identities, path, write)
    if made is None or config_of(made, path) != wished:
        raise RolloutError(
            f"{path.name}: identities can't be added to it as it is written; write config and "
            f"{IDENTITIES} as block mappings: one key on each line, without braces, << and JSON"
        )
    return made


def config_of(text: str, path: Path) -> dict[str, Any]:
    """The config in a text by full keys, as the strict reader has it.

    Raises:
        RolloutError: it can't be read.
    """
    try:
        content = pulumi_yaml.parse(text) or {}
    except pulumi_yaml.UnreadableError as error:
        raise RolloutError(f"{path.name}: can't be read: {error}") from None
    config = content.get("config") if isinstance(content, dict) else content
    if config and not isinstance(config, dict):
        raise RolloutError(f"{path.name}: config: is not a mapping")
    named, findings = full_keys(config or {}, read_project(path.parent).name, path)
    if findings:
        raise RolloutError.of(path.name, findings)
    return named


def _spliced(
    text: str,
    added: Mapping[str, Any],
    identities: Mapping[str, Any],
    path: Path,
    write: Callable[..., str],
) -> str | None:
    """Put new lines between those of the text; None where its form leaves no place for them."""
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    config = entry(root, {"config"})
    if config is None:
        lines.append(write({"config": {**added, IDENTITIES: identities}}))
    elif _is_empty(config):
        _fill(lines, config, write({**added, IDENTITIES: identities}, 2))
    elif not _is_block(config[1]):
        return None
    else:
        column = config[1].value[0][0].start_mark.column
        project = read_project(path.parent).name
        names = {str(key.value) for key, _ in config[1].value}
        own = {one for one in names if IDENTITIES in full_keys({one: 0}, project, path)[0]}
        there = entry(config[1], own)
        if there is None:
            lines.insert(end_of(config[1]), write({IDENTITIES: identities}, column))
        elif _is_block(there[1]):
            inner = there[1].value[0][0].start_mark.column
            lines.insert(end_of(there[1]), write(identities, inner))
        elif _is_empty(there):
            _fill(lines, there, write(identities, column + 2))
        else:
            return None
        if added:
            lines.insert(config[0].end_mark.line + 1, write(added, column))
    made = "".join(lines)
    return made.replace("\n", "\r\n") if "\r\n" in text else made


_Entry = tuple[yaml.ScalarNode, Any]


def entry(mapping: Any, keys: set[str]) -> _Entry | None:  # noqa: ANN401 - PyYAML's nodes
    """Return the first entry of a mapping that has one of the keys."""
    entries = mapping.value if isinstance(mapping, yaml.MappingNode) else ()
    return next(((key, value) for key, value in entries if key.value in keys), None)


def _is_empty(entry: _Entry) -> bool:
    """Say whether a key has nothing, or {}, on its line."""
    key, value = entry
    return not value.value and value.end_mark.line == key.start_mark.line


def _fill(lines: list[str], entry: _Entry, text: str) -> None:
    """Write lines as the value of a key that is empty."""
    number, value = entry[0].start_mark.line, entry[1]
    head = lines[number][: value.start_mark.column].rstrip()
    lines[number] = f"{head}{lines[number][value.end_mark.column :]}{text}"


def _is_block(node: Any) -> bool:  # noqa: ANN401
    return isinstance(node, yaml.MappingNode) and not node.flow_style and bool(node.value)


def end_of(node: Any) -> int:  # noqa: ANN401
    """Return the number of the first line behind a node; comments behind it come later."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    mark = node.end_mark
    return int(mark.line) + (1 if mark.column else 0)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - PyYAML's signature
        """Indent lists in mappings."""
        super().increase_indent(flow, indentless=False)


def _mapping(dumper: yaml.SafeDumper, value: Mapping[str, Any]) -> yaml.MappingNode:
    return dumper.represent_mapping(f"{_TAG}map", value, flow_style=False)


def _list(dumper: yaml.SafeDumper, values: Sequence[Any]) -> yaml.SequenceNode:
    """Write a list of texts on one line."""
    is_flat = not any(isinstance(one, Mapping | list) for one in values)
    return dumper.represent_sequence(f"{_TAG}seq", values, flow_style=is_flat)


def _scalar(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Write a text so that no reader of YAML takes it for something else."""
    try:
        is_plain = pulumi_yaml.parse(f"a: {text}") == {"a": text}
    except pulumi_yaml.UnreadableError:
        is_plain = False
    return dumper.represent_scalar(f"{_TAG}str", text, style=None if is_plain else '"')


_Dumper.add_representer(str, _scalar)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _list)


def dumped(
    value: Mapping[str, Any], column: int = 0, comments: Mapping[str, str] | None = None
) -> str:
    """Return a mapping as YAML, as it is written into a file, with comments above their keys."""
    text = yaml.dump(
        dict(value),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
    )
    return indent(_commented(text, comments) if comments else text, " " * column)


def _commented(text: str, comments: Mapping[str, str]) -> str:
    lines = text.split("\n")
    # What is quoted may look like a key, so the lines are those of YAML's own nodes.
    for key in sorted(_keys(yaml.compose(text, Loader=yaml.SafeLoader)), reverse=True):
        if (comment := comments.get(key[1])) is not None:
            margin = re.match(" *", lines[key[0]])
            lines.insert(key[0], f"{margin[0] if margin else ''}# {comment}")
    return "\n".join(lines)


def _keys(node: Any) -> Iterator[tuple[int, str]]:  # noqa: ANN401
    """The lines and names of all keys that begin a line, or an item of a list."""
    for one in node.value if isinstance(node, yaml.CollectionNode) and not node.flow_style else ():
        if isinstance(one, tuple):
            yield one[0].start_mark.line, one[0].value
        yield from _keys(one[1] if isinstance(one, tuple) else one)


def replace(path: Path, text: str | None) -> None:
    """Write a file as a whole, so that nobody ever sees a part of it; None removes it.

    Raises:
        RolloutError: it can't be written.
    """
    try:
        path = path.resolve()  # a link stays one
        if text is None:
            path.unlink(missing_ok=True)
            return
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(name).replace(path)
    except OSError as error:
        raise RolloutError(f"{path} can't be written: {error.strerror}") from None
