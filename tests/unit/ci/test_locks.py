"""The locks: every package by its hash, what runs in production no more than it needs."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.pages import ROOT

RUN_TIME: Final = ROOT / "requirements.lock"
ALL: Final = ROOT / "requirements-dev.lock"
PYTHONS: Final = ("3.11.0", "3.11.9", "3.12.3", "3.13.1", "3.14.0")


class Pin(NamedTuple):
    """A package in a lock."""

    name: str
    version: str
    marker: str
    hashes: frozenset[str]

    def is_for(self, python: str) -> bool:
        """Whether it is installed by a Python on Linux."""
        here = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
        marker = Requirement(f"x ; {self.marker}").marker if self.marker else None
        return marker is None or marker.evaluate({**here, "sys_platform": "linux"})


def entries(path: Path) -> list[str]:
    """The requirements in a file, each with its hashes; comments and options are left out."""
    text = re.sub(r"\s+#.*|^#.*", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("-")]


def options(path: Path) -> list[str]:
    return re.findall(r"^-.*", path.read_text(encoding="utf-8"), re.MULTILINE)


def pins(path: Path) -> list[Pin]:
    found = []
    for entry in entries(path):
        wish, *hashes = entry.split(" --hash=")
        requirement = Requirement(wish)
        (version,) = requirement.specifier
        assert version.operator == "==", entry
        name, marker = canonicalize_name(requirement.name), str(requirement.marker or "")
        found.append(Pin(name, version.version, marker, frozenset(map(str.strip, hashes))))
    return found


def ranges(name: str) -> list[Requirement]:
    """What a file of ranges asks for itself."""
    return [Requirement(entry) for entry in entries(ROOT / name)]


@pytest.mark.parametrize("lock", [RUN_TIME, ALL], ids=lambda path: path.name)
def test_every_package_has_a_version_and_hashes_and_nothing_says_where_from(lock: Path) -> None:
    assert len(pins(lock)) > 30
    for pin in pins(lock):
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in pin.hashes), pin.name
    assert not re.search(r"://|index-url|find-links|/home|/root|/tmp", lock.read_text())


def test_what_runs_in_production_is_never_built_from_source() -> None:
    assert options(RUN_TIME) == ["--only-binary :all:"]


def test_what_runs_in_production_is_what_was_tested() -> None:
    tested = {(pin.name, pin.version): pin for pin in pins(ALL)}
    for pin in pins(RUN_TIME):
        assert pin.hashes <= tested[pin.name, pin.version].hashes, pin.name


def test_what_runs_in_production_needs_no_test_package() -> None:
    """Neither the program nor rollout imports what the other tools do."""
    run = {canonicalize_name(one.name) for one in ranges("requirements.txt")}
    only_dev = {canonicalize_name(one.name) for one in ranges("requirements-dev.txt")} - run
    assert {"moto", "pytest", "uv"} <= only_dev
    # pulumi brings this one too.
    assert only_dev & {pin.name for pin in pins(RUN_TIME)} <= {"packaging"}
    assert len(pins(RUN_TIME)) < len(pins(ALL)) / 2


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("name", "lock"),
    [("requirements.txt", RUN_TIME), ("requirements.txt", ALL), ("requirements-dev.txt", ALL)],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_range_is_fulfilled(name: str, lock: Path, python: str) -> None:
    there: dict[str, list[str]] = {}
    for pin in pins(lock):
        if pin.is_for(python):
            there.setdefault(pin.name, []).append(pin.version)
    assert [name for name, versions in there.items() if len(versions) > 1] == []
    for wish in ranges(name):
        (version,) = there[canonicalize_name(wish.name)]
        assert wish.specifier.contains(version), f"{wish} is {version}: make lock"


RUN: Final = ("__main__.py", "components", "rollout", "tools/ci", "tools/toolchain")
"""What CI runs beside the tests."""


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported(path: Path) -> set[str]:
    """The packages that a module imports when it runs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not _is_for_types(node)]
    nodes = list(ast.walk(tree))
    whole = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    parts = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom) and not n.level}
    return {name.partition(".")[0] for name in whole | parts}


def test_what_runs_in_production_has_all_that_it_imports() -> None:
    paths = [file for part in RUN for file in [ROOT / part, *(ROOT / part).rglob("*.py")]]
    found = set().union(*(imported(path) for path in paths if path.suffix == ".py"))
    outside = (
        found - sys.stdlib_module_names - {Path(part).parts[0].removesuffix(".py") for part in RUN}
    )
    assert {"pulumi", "rich", "typer"} <= outside
    made_by = packages_distributions()
    there = {pin.name for pin in pins(RUN_TIME)}
    missing = {
        name for name in outside if not there & {canonicalize_name(one) for one in made_by[name]}
    }
    assert missing == set()
