"""YAML as Pulumi's own reader takes it. What is expected here ``pulumi config --json`` gave."""

from typing import Any

import pytest
import yaml

from components.settings.pulumi_yaml import parse


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


def test_a_key_that_stands_twice_is_an_error() -> None:
    with pytest.raises(yaml.YAMLError, match="the key 'a' stands in one mapping 2 times"):
        parse("x:\n  a: 1\n  b: 2\n  a: 3\n")


@pytest.mark.parametrize(
    "text", ["!!python/object:os.system {}", "!!python/name:os.system", "!x y"]
)
def test_nothing_but_plain_data_is_made(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        parse(text)
