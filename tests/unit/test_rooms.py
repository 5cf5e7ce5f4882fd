"""Imports point one way, from the commands down to what is pure."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.unit.pages import ROOT

ROOMS: Final[Mapping[str, frozenset[str]]] = {
    room: frozenset(uses.split())
    for room, uses in {
        "components.aws": "",
        "components.settings": "components.aws",
        "components.circleci": "components.settings",
        "components.policy": "components.aws components.circleci components.settings",
        "components.evaluation": "components.aws components.circleci components.policy",
        "components.resources": "components.aws components.circleci components.policy "
        "components.settings pulumi pulumi_aws",
        "toolchain": "pulumi",
        "ci": "components.settings",
        "sandbox": "components.aws components.circleci components.evaluation components.policy "
        "components.settings toolchain boto3 botocore",
        "sandbox.standin": "components.aws sandbox botocore pulumi",
        "sandbox.process": "sandbox sandbox.standin",
        "rollout": "rollout.asking rollout.choosing rollout.execution rollout.reporting "
        "components.settings",
        "rollout.access": "components.aws components.circleci components.evaluation "
        "components.policy components.settings pulumi",
        "rollout.choosing": "rollout components.aws components.policy components.settings",
        "rollout.reporting": "rollout rollout.access rollout.choosing components.settings",
        "rollout.asking": "rollout rollout.choosing components.aws "
        "components.circleci components.evaluation components.policy components.settings",
        "rollout.execution": "components.resources rollout rollout.access "
        "rollout.choosing rollout.reporting "
        "toolchain pulumi",
        "bench": "rollout.choosing rollout.execution sandbox pulumi_aws",
    }.items()
}
"""What each room may import, beside itself and libraries outside the field.

`rollout` alone is its top: the command line, and the results and errors that its rooms share.
"""
FIELD: Final = frozenset({"boto3", "botocore", "pulumi", "pulumi_aws"})


def room_of(module: str) -> str | None:
    """Return the room that a module is in, or the library of the field; None for other ones."""
    first, _, rest = module.partition(".")
    if first in FIELD:
        return first
    inner = f"{first}.{rest.partition('.')[0]}"
    return inner if inner in ROOMS else first if first in ROOMS else None


def modules() -> Iterator[Path]:
    for top in {room.partition(".")[0] for room in ROOMS}:
        yield from (ROOT / top).rglob("*.py")


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


@cache
def uses() -> Mapping[str, dict[str, str]]:
    """Return which rooms each room uses, with a module that does."""
    found: dict[str, dict[str, str]] = {room: {} for room in ROOMS}
    for file in modules():
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        if (room := room_of(module)) is not None:
            for name in imported(file):
                if (used := room_of(name)) not in {None, room}:
                    found[room].setdefault(str(used), module)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_that_it_may(room: str) -> None:
    assert {to: by for to, by in uses()[room].items() if to not in ROOMS[room]} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_is_allowed_what_it_does_not_use(room: str) -> None:
    assert ROOMS[room] - uses()[room].keys() == set()


def test_every_module_is_in_a_room() -> None:
    tops = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert {room.partition(".")[0] for room in ROOMS} == tops
    inner = {
        f"{file.parents[1].name}.{file.parent.name}"
        for top in ("components", "rollout")
        for file in (ROOT / top).glob("*/__init__.py")
    }
    assert inner <= set(ROOMS)


def test_no_two_rooms_use_each_other_but_the_rollouts_top_and_its_rooms() -> None:
    def below(room: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
        for used in ROOMS.get(room, frozenset()) - seen - {"rollout"}:
            seen = below(used, seen | {used})
        return seen

    assert [room for room in ROOMS if room in below(room)] == []
