"""Config keys as Pulumi reads them, and the config of all stacks from ``Pulumi.yaml``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from components.settings import pulumi_yaml
from components.settings.findings import Finding, SettingsError, path_of
from components.settings.load import NAMESPACE

PROJECT: Final = "Pulumi.yaml"
_BEFORE: Final = "Pulumi.json"
"""Pulumi reads this file if both exist (``Exts`` in its common/encoding/marshal.go)."""
_STEPS: Final = re.compile(r"[.\[\]\"]")
"""Pulumi reads a key of ``Pulumi.yaml`` with these as a path in a value (``parseKeyPath``)."""


@dataclass(frozen=True)
class Project:
    """The project's name, and the config for keys that a stack's file does not have."""

    name: str = NAMESPACE
    config: Mapping[str, Any] = field(default_factory=dict)


def read_project(root: Path, stack: str = "") -> Project:
    """Read a project's file. Without a file, there is no config for all stacks.

    Raises:
        SettingsError: With every finding in the file; the error names the stack too.
    """
    if (root / _BEFORE).exists():
        message = f"Pulumi reads this file instead of {PROJECT}; keep one of them"
        raise SettingsError(stack, [Finding("file", message)], _BEFORE)
    path = root / PROJECT
    try:
        project, found = _parsed(path, pulumi_yaml.content_of(path))
    except FileNotFoundError:
        return Project()
    except pulumi_yaml.UnreadableError as error:
        project, found = Project(), (Finding("file", f"can't be read: {error}"),)
    if found:
        raise SettingsError(stack, found, PROJECT)
    return project


@lru_cache(maxsize=1)  # hundreds of stacks have one project
def _parsed(path: Path, content: bytes) -> tuple[Project, tuple[Finding, ...]]:
    project = pulumi_yaml.parse(content)
    if findings := tuple(_findings(project)):
        return Project(), findings
    named, found = full_keys(project.get("config") or {}, project["name"], path)
    given = {key: _given(value) for key, value in named.items()}
    config = {key: value for key, value in given.items() if value is not None}
    return Project(project["name"], config), tuple(found)


def full_keys(
    config: Mapping[str, Any], project: str, path: Path
) -> tuple[dict[str, Any], list[Finding]]:
    """A file's config with full keys, ``namespace:name``, and the findings about its keys.

    In Pulumi, the project's own namespace is optional, and ``aws:config:region`` is the same
    as ``aws:region``. If two keys are the same, Pulumi uses one of them at random.
    """
    named: dict[str, Any] = {}
    written: dict[str, str] = {}
    found: list[Finding] = []
    lines = cache(
        lambda: pulumi_yaml.Lines(path.read_bytes()).keys("config")
    )  # once, and only if needed
    for key, value in config.items():
        full, *middle = _split(key, project)
        if middle and middle != ["config"]:
            line = lines()[key]
            found.append(
                _key_finding(
                    key, f"line {line}: a key has the form namespace:name, such as aws:region"
                )
            )
            continue
        if full in named:
            found.append(
                _key_finding(
                    key,
                    f"line {lines()[key]}: is the same key to Pulumi as '{written[full]}' in line "
                    f"{lines()[written[full]]}, and Pulumi uses one of them at random; keep one",
                )
            )
        named[full], written[full] = value, key
    return named, found


def spellings(keys: Iterable[str], full: str, project: str) -> Iterator[str]:
    """The keys of a file's config that are one key to Pulumi."""
    return (key for key in keys if _split(key, project)[0] == full)


def _split(key: str, project: str) -> list[str]:
    """The full key, and what is between its namespace and its name."""
    first, *middle, last = (key if ":" in key else f"{project}:{key}").split(":")
    return [f"{first}:{last}", *middle]


def _key_finding(key: str, message: str) -> Finding:
    return Finding(path_of(("config", key)), message)


def _findings(content: object) -> Iterator[Finding]:
    """Settings that make Pulumi read config from somewhere else than the stack files."""
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        yield Finding("name", "is missing: the project's name")
        return
    config = content.get("config")
    if "stackConfigDir" in content or isinstance(config, str):
        key = "stackConfigDir" if "stackConfigDir" in content else "config"
        yield Finding(key, "moves the stack files; they must be beside Pulumi.yaml")
    elif not isinstance(config, dict | None):
        yield Finding("config", "is not a mapping")
    for key in config if isinstance(config, dict) else ():
        if _STEPS.search(key):
            message = "sets part of a value in every stack; set it in the stack files"
            yield _key_finding(key, message)


def _given(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a key: its default or value, or a plain value without a declaration."""
    if not isinstance(value, dict):
        return value
    return value.get("default", value.get("value"))
