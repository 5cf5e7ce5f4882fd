"""YAML as Pulumi reads it, and no YAML that another reader may take otherwise.

Pulumi's reader, Go's yaml.v3, takes some plain words otherwise than PyYAML does:
``yes`` and ``on`` are text, ``012345670123`` is an octal number, ``012345678901``
loses its zero, a date becomes a text that also holds a time, and keys are texts.

What the two read differently, and what nobody needs here, is an error: tags,
encodings other than UTF-8, equal keys, a second document, aliases without an end.
"""

import re
from collections.abc import Hashable
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
"""Values of a document whose aliases are written out; a stack of 1,000 identities has 30,000."""
_DEEPEST: Final = 50
_LARGEST_BITS: Final = 64
_WORDS: Final = {"but found another document": "a second document starts; a file holds one"}


class UnreadableError(Exception):
    """A text that can't be read, or not by every reader in the same way; says in which line."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        """Take what is wrong, and the line if it is known."""
        super().__init__(problem if line is None else f"line {line}: {problem}")


def read(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """What a file holds, as JSON's types; every key is a text.

    Raises:
        FileNotFoundError: where there is no such file.
        UnreadableError: where it can't be read.
    """
    return parse(content_of(path))


def content_of(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        FileNotFoundError: where there is no such file.
        UnreadableError: where it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None


def parse(content: str | bytes) -> Any:  # noqa: ANN401 - whatever it holds
    """What a text holds, as JSON's types; every key is a text.

    Raises:
        UnreadableError: where it can't be read.
    """
    text = content if isinstance(content, str) else _decoded(content)
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = str(error.problem)
        raise UnreadableError(_WORDS.get(problem, problem), line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"the character {chr(error.character)!a} can't be in YAML"
        raise UnreadableError(problem, line) from None


def lines_of(path: Path, mapping: str) -> dict[str, int]:
    """The lines of the keys of one mapping in a file that was read, such as ``config``."""
    loader = _Loader(_decoded(path.read_bytes()))
    node: Any = loader.get_single_node()
    loader.flatten_mapping(node)
    inside = {loader.key_text(key): value for key, value in node.value}[mapping]
    loader.flatten_mapping(inside)
    return {loader.key_text(key): key.start_mark.line + 1 for key, _ in inside.value}


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
        """Values in each node that is complete, with what its aliases stand for."""

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
            raise _error(f"the alias *{event.anchor} stands inside of what it stands for", event)
        else:
            self._values += size
            if self._values > _MOST_VALUES:
                raise _error(f"aliases make the file longer than {_MOST_VALUES:,} values", event)
        return node

    def _check(self, event: yaml.Event) -> None:
        if (tag := getattr(event, "tag", None)) is not None:
            name = f"!!{tag.removeprefix(_YAML_TAG)}" if tag.startswith(_YAML_TAG) else tag
            raise _error(
                f"the tag {name}: not all readers of YAML know it; leave it out",
                event,
            )
        anchor = getattr(event, "anchor", None)
        if anchor in self.anchors and not isinstance(event, yaml.AliasEvent):
            raise _error(f"the anchor &{anchor} is there already", event)
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
                problem = (
                    f"the key '{name}' stands in one mapping twice, first in line {lines[name]}"
                )
                raise _error(problem, key)
            if name == "<<" and key.tag != _MERGE:
                raise _error("the key '<<' in quotes is a merge to Pulumi only", key)
            lines[name] = key.start_mark.line + 1
        return node

    def key_text(self, key: yaml.ScalarNode) -> str:
        """A key as Pulumi has it: as a text, whatever its type."""
        return key.value if key.tag == _MERGE else _key(self.construct_object(key))

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge as Go does: own keys win, then the first of a list; PyYAML 6.0.4 does not."""
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
    # Before numbers: both start with a digit.
    ("timestamp", _TIME, "0123456789"),
    ("int", _NUMBER, "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"{_YAML_TAG}{_tag}", re.compile(_pattern), list(_first))
_Loader.add_constructor(f"{_YAML_TAG}int", _number)
_Loader.add_constructor(f"{_YAML_TAG}timestamp", _time)
# Where it is no key it is text.
_Loader.add_constructor(_MERGE, lambda _, node: str(node.value))
