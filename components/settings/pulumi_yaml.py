"""Reads YAML as Pulumi does, and refuses YAML that readers interpret differently.

Pulumi's reader, Go's yaml.v3, differs from PyYAML: ``yes`` and ``on`` are text,
``012345670123`` is an octal number, ``012345678901`` loses its zero, a date becomes
a text with a time, and keys are text.

Other differences are errors, since nobody needs them here: tags, encodings other than
UTF-8, duplicate keys, a second document, and endless aliases.
"""

import re
from collections.abc import Hashable, Iterator
from functools import lru_cache
from math import inf, isinf
from pathlib import Path
from typing import Any, Final

import yaml

_OCTAL: Final = re.compile(r"[-+]?0[0-7]+")
_DECIMAL: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMBER: Final = r"[-+]?[.0-9][0-9a-zA-Z_.+-]*\Z"
_TIME: Final = r"\d{4}-\d\d?-\d\d?(?:[Tt ][ \t]*\d.*)?\Z"
_YAML_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_YAML_TAG}merge"
_MOST_VALUES: Final = 100_000
"""Values of a document with expanded aliases; a stack of 1,000 identities has 30,000."""
_DEEPEST: Final = 50
_LARGEST_BITS: Final = 64
_WORDS: Final = {"but found another document": "a second document starts; only one is allowed"}


class UnreadableError(Exception):
    """YAML that can't be read, or is ambiguous. The message has the line."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        """``line`` is added to the message if it is known."""
        super().__init__(problem if line is None else f"line {line}: {problem}")


def read(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """The content of a file as JSON types; every key is text.

    Raises:
        FileNotFoundError: The file does not exist.
        UnreadableError: The content can't be read.
    """
    return parse(content_of(path))


def content_of(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        FileNotFoundError: The file does not exist.
        UnreadableError: The content can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None


def parse(content: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The content of a text as JSON types; every key is text.

    Raises:
        UnreadableError: The content can't be read.
    """
    text = content if isinstance(content, str) else _decoded(content)
    try:
        loader, node = _composed(text)
        return None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = str(error.problem)
        raise UnreadableError(_WORDS.get(problem, problem), line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"the character {chr(error.character)!a} is not allowed in YAML"
        raise UnreadableError(problem, line) from None


class Lines:
    """The lines of the keys and items in a text that was read."""

    def __init__(self, content: bytes) -> None:
        self._root: Any
        self._loader, self._root = _composed(_decoded(content))
        self._known: dict[int, dict[str | int, tuple[int, Any]]] = {}

    def keys(self, *path: str | int) -> dict[str, int]:
        """The lines of a mapping's keys; empty if the path leads to no mapping."""
        node = self._root
        for step in path:
            _, node = self._inside(node).get(step, (0, None))
        return {str(key): line for key, (line, _) in self._inside(node).items()}

    def of(self, *path: str | int) -> tuple[int, int]:
        """The first and last line of what a path leads to; of its last step that is there."""
        node, line = self._root, 1
        for step in path:
            if (found := self._inside(node).get(step)) is None:
                break
            line, node = found
        return line, max(line, _last_line(node))

    def _inside(self, node: Any) -> dict[str | int, tuple[int, Any]]:  # noqa: ANN401 - a node or None
        if id(node) not in self._known:
            self._known[id(node)] = dict(self._found(node))
        return self._known[id(node)]

    def _found(self, node: Any) -> Iterator[tuple[str | int, tuple[int, Any]]]:  # noqa: ANN401 - as above
        if isinstance(node, yaml.SequenceNode):
            for at, one in enumerate(node.value):
                yield at, (one.start_mark.line + 1, one)
        elif isinstance(node, yaml.MappingNode):
            self._loader.flatten_mapping(node)
            for key, value in node.value:
                yield self._loader.key_text(key), (key.start_mark.line + 1, value)


def _last_line(node: Any) -> int:  # noqa: ANN401 - a node
    """The last line of a node, without the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.line) + 1


@lru_cache(maxsize=1)  # who wants the values of a file may want the lines next
def _composed(text: str) -> "tuple[_Loader, yaml.Node | None]":
    loader = _Loader(text)
    return loader, loader.get_single_node()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        problem = f"the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"
        raise UnreadableError(problem, line) from None


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML's own form; none of SafeLoader's

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0
        self._sizes: dict[int, int] = {}
        """The number of values in each complete node, with expanded aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        self._check(event)
        before = self._values
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if not isinstance(event, yaml.AliasEvent):
            self._values += 1
            self._sizes[id(node)] = self._values - before
        elif (size := self._sizes.get(id(node))) is None:
            raise _error(f"the alias *{event.anchor} refers to a value that contains it", event)
        else:
            self._values += size
            if self._values > _MOST_VALUES:
                raise _error(f"aliases expand the file to more than {_MOST_VALUES:,} values", event)
        return node

    def _check(self, event: yaml.Event) -> None:
        if (tag := getattr(event, "tag", None)) is not None:
            name = f"!!{tag.removeprefix(_YAML_TAG)}" if tag.startswith(_YAML_TAG) else tag
            raise _error(
                f"the tag {name} is not known to every YAML reader; remove it",
                event,
            )
        anchor = getattr(event, "anchor", None)
        if anchor in self.anchors and not isinstance(event, yaml.AliasEvent):
            raise _error(f"the anchor &{anchor} is defined twice", event)
        if self._depth >= _DEEPEST:
            raise _error(f"lists and mappings are nested deeper than {_DEEPEST}", event)

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name = self.key_text(key)
            if name in lines:
                problem = f"the key '{name}' is in the mapping twice, first in line {lines[name]}"
                raise _error(problem, key)
            if name == "<<" and key.tag != _MERGE:
                raise _error(
                    "the quoted key '<<' is a merge only to Pulumi; remove the quotes", key
                )
            lines[name] = key.start_mark.line + 1
        return node

    def key_text(self, key: yaml.ScalarNode) -> str:
        """The key as text, as Pulumi has it."""
        return key.value if key.tag == _MERGE else _key(self.construct_object(key))

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge as Go does, unlike PyYAML 6.0.4: own keys win, then the first of a list."""
        merges = [value for key, value in node.value if key.tag == _MERGE]
        if not merges:
            return
        pairs = [pair for pair in node.value if pair[0].tag != _MERGE]
        for value in merges:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    raise _error("<< takes a mapping, or a list of mappings", source)
                self.flatten_mapping(source)
                pairs += source.value
        first: dict[object, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in pairs:
            name = self.key_text(key) if isinstance(key, yaml.ScalarNode) else id(key)
            first.setdefault(name, (key, value))
        node.value = list(first.values())

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        return {_key(key): value for key, value in super().construct_mapping(node, deep).items()}


def _error(problem: str, place: yaml.Event | yaml.Node) -> yaml.MarkedYAMLError:
    mark: Any = place.start_mark
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _key(key: Hashable) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    return "<nil>" if key is None else str(key)


def _number(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float | str:
    text = node.value.replace("_", "")
    is_octal, is_decimal = _OCTAL.fullmatch(text), _DECIMAL.fullmatch(text)
    try:
        whole = int(text, 8 if is_octal else 0)
    except ValueError:
        number = float(text) if is_decimal else inf
    else:
        # Go keeps a number of another base that is larger than 64 bits as text.
        if whole.bit_length() <= _LARGEST_BITS or (is_decimal and not is_octal):
            return whole
        number = inf
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
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    ("null", r"(?:~|null|Null|NULL|)\Z", ("~", "n", "N", "")),
    ("merge", r"<<\Z", "<"),
    # Before numbers, since both start with a digit.
    ("timestamp", _TIME, "0123456789"),
    ("int", _NUMBER, "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"{_YAML_TAG}{_tag}", re.compile(_pattern), list(_first))
_Loader.add_constructor(f"{_YAML_TAG}int", _number)
_Loader.add_constructor(f"{_YAML_TAG}timestamp", _time)
# If it is not a key, it is text.
_Loader.add_constructor(_MERGE, lambda _, node: str(node.value))
