"""YAML as Pulumi's own reader takes it. What is expected here ``pulumi config --json`` gave."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings.pulumi_yaml import UnreadableError, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        *((text, text) for text in ("yes", "no", "on", "off", "y", "N", "tRUE")),
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        ("0123", 83),
        ("012345670123", 1402433619),
        ("012345678901", 12345678901),
        ("111111111111", 111111111111),
        *(("1_0", 10), ("0x10", 16), ("0o17", 15), ("0b11", 3), ("-7", -7), ("+7", 7)),
        *(("1.0", 1), ("1.50", 1.5), ("1e3", 1000), (".5", 0.5), ("1.", 1)),
        *(
            (text, text)
            for text in ("12:30:00", "2026-11", "1.2.3", "1-2", "0b__", ".", "0x", "e3")
        ),
        ("2026-11-01", "2026-11-01 00:00:00 +0000 UTC"),
        ("2026-11-01T10:20:30Z", "2026-11-01 10:20:30 +0000 UTC"),
        ("2026-13-45", "2026-13-45"),
        ("9" * 5_000, "9" * 5_000),
        *((f"'{text}'", text) for text in ("yes", "1", "2026-11-01", "", "null")),
        ("[a, 1, [b]]", ["a", 1, ["b"]]),
        ("{5: x, true: y, null: z, 0o17: o}", {"5": "x", "true": "y", "<nil>": "z", "15": "o"}),
        ("{a: &x {b: 1}, c: {<<: *x, d: 2}}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ],
)
def test_plain_words(text: str, value: object) -> None:
    parsed: Any = parse(f"key: {text}")["key"]
    assert (parsed, type(parsed)) == (value, type(value))


BOMB = "x0: &x0 a\n" + "".join(
    f"x{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 10)}]\n" for level in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "x:\n  a: 1\n  b: 2\n  a: 3\n",
            "line 4: the key 'a' is in the mapping twice, first in ",
        ),
        ("{5: x, '5': y}", "line 1: the key '5' is in the mapping twice"),
        ("{0x5: x, 5: y}", "line 1: the key '5' is in the mapping twice"),
        ("{true: x, 'true': y}", "line 1: the key 'true' is in the mapping twice"),
        ("a: &a {b: 1}\nc: {<<: *a, <<: *a}", "line 2: the key '<<' is in the mapping twice"),
        (
            "a: &a {b: 1}\nc:\n  '<<': *a",
            "line 3: the quoted key '<<' is a merge only to Pulumi; remove the quotes",
        ),
        *(
            (f"a: 1\nb: {tag} x", f"line 2: the tag {tag} is not known to every YAML reader")
            for tag in ("!!str", "!!int", "!!binary", "!!python/name:os.system", "!x", "!")
        ),
        ("a: !!python/object:os.system {}", "line 1: the tag !!python/object:os.system"),
        ("a: !!set {b, c}", "line 1: the tag !!set"),
        ("a: !!seq []", "line 1: the tag !!seq"),
        ("%TAG ! tag:acme,2026:\n---\na: !b c", "line 3: the tag tag:acme,2026:b"),
        (BOMB, "line 6: aliases expand the file to more than 100,000 values"),
        ("a: b: c", "line 1: mapping values are not allowed here"),
        ("a: *b", "line 1: found undefined alias 'b'"),
        ("a: &a [*a]", "line 1: the alias *a refers to a value that contains it"),
        ("a: &a x\nb: &a y", "line 2: the anchor &a is defined twice"),
        ("a: 1\n---\na: 2", "line 2: a second document starts; only one is allowed"),
        (f"a:\n  {'[' * 60}{']' * 60}", "line 2: lists and mappings are nested deeper than 50"),
        ("a: 1\nb: \x00", "line 2: the character '\\x00' is not allowed in YAML"),
    ],
)
def test_what_two_readers_could_take_otherwise_is_an_error_with_its_line(
    text: str, problem: str
) -> None:
    with pytest.raises(UnreadableError) as caught:
        parse(text)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_another_encoding_is_an_error_with_its_line(encoding: str) -> None:
    with pytest.raises(UnreadableError, match=r"^line [12]: the (byte|character) "):
        parse("a: 1\nb: \xe9\n".encode(encoding))


def test_a_byte_order_mark_of_utf_8_is_no_part_of_the_first_key() -> None:
    assert parse("\ufeffa: \xe9\n".encode()) == {"a": "\xe9"}


def test_anchors_and_merges_are_read_as_pulumi_reads_them() -> None:
    text = """
deep: {er: {e: &y {<<: &x {access: 1, bucket: 2}, bucket: 3}}}
same: *x
first: {<<: [*x, *y], c: 4}
other: {c: 4, <<: [*y, *x]}
again: &z {<<: *y, bucket: 5}
twice: {<<: *z, access: 6}
own: {bucket: 7, <<: *z}
text: <<
"""
    assert parse(text) == {
        "deep": {"er": {"e": {"access": 1, "bucket": 3}}},
        "same": {"access": 1, "bucket": 2},
        "first": {"access": 1, "bucket": 2, "c": 4},
        "other": {"access": 1, "bucket": 3, "c": 4},
        "again": {"access": 1, "bucket": 5},
        "twice": {"access": 6, "bucket": 5},
        "own": {"access": 1, "bucket": 7},
        "text": "<<",
    }


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(VALUES.filter(lambda value: "<<" not in str(value)))
def test_json_is_read_as_json(value: object) -> None:
    assert parse(json.dumps(value, ensure_ascii=False)) == value


@given(st.binary(max_size=60) | st.text("ab:-*&!<[]{}#\"' \n").map(str.encode))
def test_any_bytes_are_read_or_refused_in_one_line(content: bytes) -> None:
    try:
        parse(content)
    except UnreadableError as error:
        refusal = str(error)
    else:
        return
    assert refusal.startswith("line ")
    assert "\n" not in refusal
