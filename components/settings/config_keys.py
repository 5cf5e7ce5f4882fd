"""Config keys as Pulumi knows them, and the config that ``Pulumi.yaml`` gives to every stack."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from components.settings import pulumi_yaml
from components.settings.findings import Finding, SettingsError, path_of
from components.settings.load import NAMESPACE

PROJECT: Final = "Pulumi.yaml"
_BEFORE: Final = "Pulumi.json"
"""What Pulumi takes where both are there (``Exts`` in its common/encoding/marshal.go)."""
_STEPS: Final = re.compile(r"[.\[\]\"]")
"""With these Pulumi takes a key of ``Pulumi.yaml`` for a path into a value (``parseKeyPath``)."""


@dataclass(frozen=True)
class Project:
    """The project's name, and the config that stacks have where their own file has none."""

    name: str = NAMESPACE
    config: Mapping[str, Any] = field(default_factory=dict)


def read_project(root: Path, stack: str = "") -> Project:
    """Read a project's file; without one nothing is given to stacks.

    Raises:
        SettingsError: with what is wrong with the file; it is told as of a stack.
    """
    if (root / _BEFORE).exists():
        message = f"Pulumi reads it and not {PROJECT}; keep one of them"
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
    """A file's config with full keys, ``namespace:name``, and what is wrong with its keys.

    Pulumi lets a project leave its own namespace out, and takes ``aws:config:region``
    for ``aws:region``. Of two keys that are equal then it takes one at random.
    """
    named: dict[str, Any] = {}
    written: dict[str, str] = {}
    found: list[Finding] = []
    lines = cache(lambda: pulumi_yaml.lines_of(path, "config"))  # once, and only if needed
    for key, value in config.items():
        full = key if ":" in key else f"{project}:{key}"
        first, *middle, last = full.split(":")
        if middle and middle != ["config"]:
            line = lines()[key]
            found.append(_key_finding(key, f"line {line}: a key is namespace:name, as aws:region"))
            continue
        full = f"{first}:{last}"
        if full in named:
            found.append(
                _key_finding(
                    key,
                    f"line {lines()[key]}: is the same key to Pulumi as '{written[full]}' in line "
                    f"{lines()[written[full]]}, and it takes one of them at random; keep one",
                )
            )
        named[full], written[full] = value, key
    return named, found


def _key_finding(key: str, message: str) -> Finding:
    return Finding(path_of(("config", key)), message)


def _findings(content: object) -> Iterator[Finding]:
    """What keeps stacks' files from being all that Pulumi takes their config from."""
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        yield Finding("name", "is missing: the project's name")
        return
    config = content.get("config")
    if "stackConfigDir" in content or isinstance(config, str):
        key = "stackConfigDir" if "stackConfigDir" in content else "config"
        yield Finding(key, "moves the stacks' files; here they are beside Pulumi.yaml")
    elif not isinstance(config, dict | None):
        yield Finding("config", "is not a mapping")
    for key in config if isinstance(config, dict) else ():
        if _STEPS.search(key):
            message = "changes a part of a value in every stack; write it in the stacks' files"
            yield _key_finding(key, message)


def _given(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a declared key: its default, or one written without a declaration."""
    if not isinstance(value, dict):
        return value
    return value.get("default", value.get("value"))
