"""A stack's file in the project's root: ``Pulumi.<stack>.yaml``.

During a run, Pulumi passes the config to the program. This module is for tools that
read the config without starting an engine.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from components.aws.partitions import partition_of_region, region_in_use
from components.settings import pulumi_yaml
from components.settings.config_keys import PROJECT, full_keys, read_project, spellings
from components.settings.findings import Finding, SettingsError, Step, shown
from components.settings.load import NAMESPACE, decoded, load, own_config
from components.settings.model import Stack

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_ROLE_ACCOUNT: Final = re.compile(r"arn:[a-z-]+:iam::(?P<account>\d{12}):role/")
_ACCOUNT: Final = re.compile(r"\d{12}")

_ACCOUNTS_KEY: Final = "aws:allowedAccountIds"
_ROLES_KEY: Final = "aws:assumeRoles"


@dataclass(frozen=True)
class SourceLines:
    """The place of a setting in a file: its first line, and its last."""

    file: str
    line: int
    last: int

    def __str__(self) -> str:
        """``Pulumi.dev.yaml:7``."""
        return f"{self.file}:{self.line}"


class Sources:
    """Tells where a stack's settings are written: in its file, or in ``Pulumi.yaml``."""

    def __init__(self, file: "StackFile") -> None:
        self._own = pulumi_yaml.Lines(file.path.read_bytes())
        self._file = file.path

    def of(self, key: str, *path: Step) -> SourceLines:
        """The lines of a path in a key that is set; of the last step that is there, as in JSON."""
        full = f"{NAMESPACE}:{key}"
        for written in spellings(self._own.keys("config"), full, NAMESPACE):
            return SourceLines(self._file.name, *self._own.of("config", written, *path))
        shared = pulumi_yaml.Lines(self._file.with_name(PROJECT).read_bytes())
        (written, *_) = spellings(shared.keys("config"), full, NAMESPACE)
        declared = shared.keys("config", written)
        inside = [key for key in ("default", "value") if key in declared][:1]
        return SourceLines(PROJECT, *shared.of("config", written, *inside, *path))


@dataclass(frozen=True)
class StackFile:
    """The config of one stack. Its keys have a namespace (``aws:region``)."""

    stack: str
    path: Path
    config: Mapping[str, Any]

    def settings(self) -> Stack:
        """The typed settings.

        Raises:
            SettingsError: With every finding.
        """
        return load(self.stack, self.own)

    @property
    def own(self) -> dict[str, Any]:
        """The config of the program's namespace, with the namespace removed from the keys."""
        return own_config(self.config)

    @property
    def has_exclusive(self) -> bool:
        """Whether policies that were added to any of its identities are taken away."""
        own = self.own
        identities = own.get("identities")
        held = identities.values() if isinstance(identities, Mapping) else ()
        return own.get("exclusive") is True or any(
            isinstance(one, Mapping) and one.get("exclusive") is True for one in held
        )

    @property
    def region(self) -> str | None:
        """The value of ``aws:region``, if the stack sets it."""
        region = self.config.get("aws:region")
        return region if isinstance(region, str) else None

    def partition(self, environment: Mapping[str, str]) -> str:
        """The partition of the region from the file, else from the environment.

        The commercial partition if neither has a region.
        """
        return partition_of_region(region_in_use(self.region, environment))

    @property
    def allowed_account_ids(self) -> tuple[str, ...]:
        return tuple(map(str, decoded(self.config.get(_ACCOUNTS_KEY)) or ()))

    @property
    def account(self) -> str | None:
        """The account of the stack, or None if the file does not determine it.

        It is the account of the last role in ``aws:assumeRoles``, which the provider uses,
        else the only id in ``aws:allowedAccountIds``.
        """
        for role in reversed(decoded(self.config.get(_ROLES_KEY)) or ()):
            if (found := _ROLE_ACCOUNT.match(str(role.get("roleArn")))) is not None:
                return found["account"]
        allowed = self.allowed_account_ids
        return allowed[0] if len(allowed) == 1 else None


def read(root: Path, stack: str) -> StackFile:
    """Read the file of one stack, as Pulumi does.

    Raises:
        SettingsError: The file does not exist or can't be read, or the keys that determine
            its account are wrong.
    """
    file = read_config(root, stack)
    if findings := [*account_findings(file.config), *_role_findings(file.config)]:
        raise SettingsError(stack, findings)
    return file


def read_config(root: Path, stack: str) -> StackFile:
    """Read the config that Pulumi passes to a stack's program, without checking it.

    Raises:
        SettingsError: The file does not exist, can't be read, or is ambiguous.
    """
    path = root / f"Pulumi.{stack}.yaml"
    content = _content(path, stack)
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise SettingsError(stack, [Finding("config", "is missing, or not a mapping")])
    project = read_project(root, stack)
    named, found = full_keys(config, project.name, path)
    if found:
        raise SettingsError(stack, found)
    return StackFile(stack, path, {**project.config, **named})


def check_name(stack: str) -> None:
    """Refuse what is no stack name.

    Raises:
        SettingsError: It has other characters, or none.
    """
    if not _NAME.fullmatch(stack):
        message = f"'{stack}' is not a stack name: use letters, digits, '_', '.' and '-'"
        raise SettingsError(stack, [Finding("stack", message)])


def stacks(root: Path) -> Iterator[str]:
    """The names of all stacks with a file in a project's root, sorted."""
    for path in sorted(root.glob("Pulumi.*.yaml")):
        name = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if _NAME.fullmatch(name):
            yield name


def matches(stack: str, patterns: Iterable[str]) -> bool:
    """Return whether any of the patterns (`dev`, `acct-*`) matches a stack's name; case counts."""
    return any(fnmatchcase(stack, pattern) for pattern in patterns)


def _content(path: Path, stack: str) -> Any:  # noqa: ANN401 - any JSON value
    check_name(stack)
    try:
        return pulumi_yaml.read(path)
    except FileNotFoundError:
        there = ", ".join(stacks(path.parent)) or "none"
        message = f"is not in {path.parent}; the stacks there: {there}"
    except pulumi_yaml.UnreadableError as error:
        message = f"can't be read: {error}"
    raise SettingsError(stack, [Finding("file", message)])


def account_findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the accounts that a config allows."""
    ids = decoded(config.get(_ACCOUNTS_KEY))
    if not isinstance(ids, list | None):
        yield Finding(_ACCOUNTS_KEY, f"{shown(ids)} is not a list of account ids")
        return
    for one in ids or ():
        if isinstance(one, int) and not _ACCOUNT.fullmatch(str(one)):
            message = "YAML reads a number that starts with 0 as another number; quote it"
            yield Finding(
                _ACCOUNTS_KEY, f"{one} is not an account id, which has 12 digits: {message}"
            )
        elif not isinstance(one, int) and not _ACCOUNT.fullmatch(str(one)):
            yield Finding(_ACCOUNTS_KEY, f"{shown(one)} is not an account id, which has 12 digits")


def _role_findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    roles = decoded(config.get(_ROLES_KEY))
    are_mappings = isinstance(roles, list) and all(isinstance(role, dict) for role in roles)
    if roles is not None and not are_mappings:
        yield Finding(_ROLES_KEY, f"{shown(roles)} is not a list of mappings, each with a roleArn")
