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
    stack,
    told,
    user,
    with_grant,
    with_trust,
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
    if isinstance(path[-1], int) and path[-2] != "grants":
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
        (found,) = told(replaced(path, wrong))
        expected = words or f"is not {TYPES[right]}"
        assert found.startswith(f"{spelled(path)}: {shown(wrong)} {expected}")


@pytest.mark.parametrize("path", PLACES, ids=spelled)
def test_whatever_stands_in_a_place_findings_are_told_at_or_below_it(path: Path) -> None:
    for wrong in WRONG:
        for finding in told(replaced(path, wrong)):
            where = finding.partition(": ")[0]
            # What is missing between two fields is told at one of them.
            assert where.startswith((spelled(path), "identities.deploy.trust")), finding


@pytest.mark.parametrize(
    ("config", "finding"),
    [
        (
            with_grant(access="read"),
            "identities.ci.grants[0].access: 'read' is not a list; did you mean ['read']?",
        ),
        (
            with_trust(projects="*"),
            (
                "identities.ci.trust.projects: '*' is not a list; name the ids that are meant "
                "(Project Settings > Overview), or write ['*'] "
                "for every project of the organization"
            ),
        ),
        (with_trust(users="*"), "identities.ci.trust.users: '*' is not a list"),
        (with_grant(prefixes=""), "identities.ci.grants[0].prefixes: '' is not a list"),
        (
            stack(ci=user(accessKeys=[2026])),
            "identities.ci.accessKeys: 2026 is not text; quote it",
        ),
        (
            stack(ci=user(accessKeys=[date(2026, 11, 1)])),
            'identities.ci.accessKeys: "2026-11-01" is not text; quote it',
        ),
        (stack(ci=user(tags={"on": True})), "identities.ci.tags.on: true is not text; quote it"),
        (stack(ci=user(path=None)), "identities.ci.path: nothing is not text"),
        (stack(ci=user(grants="acme")), "identities.ci.grants: 'acme' is not a list"),
        (
            with_grant(bucket=["a" * 80]),
            f'identities.ci.grants[0].bucket: ["{"a" * 57}… is not text',
        ),
    ],
)
def test_a_type_error_says_what_would_be_right(config: Config, finding: str) -> None:
    assert told(config) == [finding]


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
        assert found.endswith(": is no text, as a key must be; quote it")


def _itself() -> Config:
    config: Config = {}
    config["identities"] = config
    return config


def _deep() -> Config:
    config: Config = {}
    for _ in range(5_000):
        config = {"identities": config}
    return config


@pytest.mark.parametrize(
    ("config", "finding"),
    [
        (_itself(), "config: holds itself, or lists in lists without an end"),
        (_deep(), "config: holds itself, or lists in lists without an end"),
        (with_grant(bucket="\ud800"), "config: holds '\\ud800', which is no character"),
        ({"\udfff": 1}, "config: holds '\\udfff', which is no character"),
    ],
)
def test_what_no_config_can_be(config: Config, finding: str) -> None:
    assert told(config) == [finding]


def test_a_finding_is_one_line_and_shows_what_a_terminal_would_obey() -> None:
    found = told({"identities": {"a\n\x1b[31m\u202eb": user()}, "x\r": 1})
    assert found == [
        "['x\\r']: is no key here; there are identities, tags, oidcProvider",
        (
            "identities['a\\n\\x1b[31m\\u202eb']: 'a\\n\\x1b[31m\\u202eb' is no IAM name: "
            "it takes letters, digits and _+=,.@-"
        ),
    ]


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
