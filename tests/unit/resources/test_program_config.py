"""The program beside the stack's file: what it is given must be what the file says."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.unit.resources.mocks import RecordingMocks, run_program

CI: dict[str, Any] = {"kind": "user", "grants": [{"bucket": "acme", "access": ["read"]}]}
IDENTITIES = {"ci": CI}
KEYS = "circleci-s3-access:identities"


def refusal(root: Path, text: str | bytes, identities: Any = IDENTITIES, **config: Any) -> str:
    """What the program says to a file; nothing if it runs."""
    content = text if isinstance(text, bytes) else text.encode()
    (root / "Pulumi.mine.yaml").write_bytes(content)
    mocks = RecordingMocks(frozenset({"acme"}))
    try:
        run_program(mocks, identities, stack="mine", **config)
    except pulumi.RunError as error:
        assert mocks.registered == []
        return str(error)
    return ""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("pulumi.get_root_directory", lambda: str(tmp_path))
    (tmp_path / "Pulumi.yaml").write_text("name: circleci-s3-access\nruntime: python\n")
    return tmp_path


def file_of(**config: Any) -> str:
    return json.dumps({"config": config})


def test_what_the_file_says_is_made(root: Path) -> None:
    assert refusal(root, file_of(identities=IDENTITIES)) == ""
    assert refusal(root, file_of(**{KEYS: json.dumps(IDENTITIES), "aws:region": "x"})) == ""
    tags = {"team": "web"}
    assert refusal(root, file_of(identities=IDENTITIES, tags=tags), tags=tags) == ""


def test_what_is_encrypted_in_the_file_may_be_any(root: Path) -> None:
    secret = {"ci": {**CI, "grants": [{"bucket": {"secure": "v1:x"}, "access": ["read"]}]}}
    assert refusal(root, file_of(identities=secret)) == ""


def test_what_the_projects_file_gives_is_no_other_value(root: Path) -> None:
    with (root / "Pulumi.yaml").open("a") as file:
        file.write("config: {oidcProvider: {type: string, default: create}}\n")
    assert refusal(root, file_of(identities=IDENTITIES), oidcProvider="create") == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"config:\n  identities: {json.dumps(IDENTITIES)}\n  {KEYS}: {{}}\n",
            f"config['{KEYS}']: line 3: is the same key to Pulumi",
        ),
        (file_of(identities=IDENTITIES).encode("utf-16"), "file: can't be read: line 1: the byte"),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_makes_nothing(
    root: Path, text: str | bytes, said: str
) -> None:
    assert refusal(root, text).startswith(f"Pulumi.mine.yaml: {said}")


@pytest.mark.parametrize(
    ("given", "config", "keys"),
    [
        ({"ci": CI, "hidden": CI}, {}, ["identities"]),
        ({"ci": {**CI, "path": "/x/"}}, {"tags": {"a": "b"}}, ["identities", "tags"]),
        (IDENTITIES, {"oidcProvider": "create"}, ["oidcProvider"]),
    ],
)
def test_what_comes_from_elsewhere_makes_nothing(
    root: Path, given: Any, config: dict[str, Any], keys: list[str]
) -> None:
    """As of an environment of Pulumi ESC."""
    said = refusal(root, file_of(identities=IDENTITIES), given, **config)
    assert [line.partition(": Pulumi gives")[0] for line in said.splitlines()] == [
        f"Pulumi.mine.yaml: {key}" for key in keys
    ]
