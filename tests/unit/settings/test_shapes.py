"""Wrong YAML types and plain garbage: findings, never a traceback."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import SettingsError, load
from components.settings.findings import shown
from tests.unit.settings.configs import (
    FULL,
    Config,
    full,
    told,
    user,
)

Path = tuple[str | int, ...]

WRONG: list[Any] = [
    *(None, 5, 1.5, True, "text", [], {}, [None], [[]], [{}], {"a": {}}, {"a": [1]}),
    *(date(2026, 11, 1), float("inf"), "", [5, None, {"a": 1}]),
]
TYPES = {
    str: "text",
    list: "a list",
    dict: "a mapping",
    bool: "true or false",
    int: "a whole number",
}
WORDS = {
    "kind": "is not one of user, role",
    "oidcProvider": "is not one of create, existing",
    "access": "is not one of list, read, write, delete, full",
}

MAY_BE_OMITTED = (
    *("kmsKey", "permissionsBoundary", "exclusive"),
    *("circleciContext", "owner", "secretsManager", "ssmParameter"),
)


def places(value: object, at: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every place in a config below its root, with what stands there."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    for step, inside in steps:
        yield (*at, step), inside
        if isinstance(inside, dict | list):
            yield from places(inside, (*at, step))


PLACES = dict(places(FULL))


def spelled(path: Path) -> str:
    """A path as findings write it; a member of a list of words is told at the list."""
    if isinstance(path[-1], int) and path[-2] not in ("grants", "deliver"):
        path = path[:-1]
    return re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, path)))


def replaced(path: Path, value: object) -> Config:
    config: Any = full()
    inner = config
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return config  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", PLACES, ids=spelled)
def test_a_value_of_another_type_is_told_where_it_stands(path: Path) -> None:
    right = type(PLACES[path])
    key = str(path[-2] if isinstance(path[-1], int) else path[-1])
    words = WORDS.get(key) if right is str else None
    for wrong in (wrong for wrong in WRONG if type(wrong) is not right):
        if key == "accessKeys" and right is str and isinstance(wrong, dict):
            continue  # a key may be a mapping
        (found,) = told(replaced(path, wrong))
        expected = words or f"is not {TYPES[right]}"
        if wrong is None and key in MAY_BE_OMITTED:
            expected = "is not allowed; omit the key"
        assert found.startswith(f"{spelled(path)}: {shown(wrong)} {expected}")


@pytest.mark.parametrize("path", PLACES, ids=spelled)
def test_whatever_stands_in_a_place_findings_are_told_at_or_below_it(path: Path) -> None:
    for wrong in WRONG:
        for finding in told(replaced(path, wrong)):
            where = finding.partition(": ")[0]
            # What is missing between two fields is told at one of them.
            assert where.startswith((spelled(path), "identities.deploy.trust")), finding


@pytest.mark.parametrize("key", [5, 1.5, True, None, date(2026, 11, 1), (1, 2)])
def test_a_key_that_is_no_text_is_told_at_every_level(key: object) -> None:
    mappings = [(), *(path for path, inside in PLACES.items() if isinstance(inside, dict))]
    for path in mappings:
        config: Any = full()
        inner = config
        for step in path:
            inner = inner[step]
        inner[key] = user() if path == ("identities",) else "x"
        (found,) = told(config)
        where = spelled(path) if path else ""
        assert found.startswith(where)
        assert found.endswith(": is a key that is not text; quote it")


KEYS = sorted({str(step) for path in PLACES for step in path if isinstance(step, str)})
TEXTS = sorted({value for value in PLACES.values() if isinstance(value, str)})
SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    st.sampled_from([*TEXTS, *KEYS, "*", "", "aws:x", "refs/heads/x", "a\u2028b"]),
)
GARBAGE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)
JARGON = re.compile(
    r"pydantic|Input should be|type=|Value error|validation error|input_value|NoneType|Error\b"
)


def check(config: Config) -> None:
    """Loading must end in settings, or in findings that a user can read."""
    try:
        load("test", config)
    except SettingsError as error:
        refused = error
    else:
        return
    said = str(refused)
    said.encode()
    assert not JARGON.search(said)
    assert 0 < len(refused.findings) == len(set(refused.findings))
    assert len(said.split("\n")) == len(refused.findings)
    assert all(line.startswith("Pulumi.test.yaml: ") for line in said.split("\n"))


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), GARBAGE, max_size=4))
def test_garbage_is_refused_with_findings(config: Config) -> None:
    check(config)


@given(st.lists(st.tuples(st.sampled_from(list(PLACES)), GARBAGE), min_size=1, max_size=4))
def test_a_valid_config_with_garbage_in_places_is_loaded_or_refused_with_findings(
    changes: list[tuple[Path, Any]],
) -> None:
    config = full()
    for path, value in sorted(changes, key=lambda change: -len(change[0])):
        inner: Any = config
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
    check(config)
