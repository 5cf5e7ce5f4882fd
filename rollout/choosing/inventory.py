"""The stacks of a project, and how patterns select them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.settings.config_keys import read_project
from components.settings.findings import Finding, SettingsError
from components.settings.stack_file import StackFile, matches, read, stacks
from rollout.errors import RolloutError


@dataclass(frozen=True)
class Member:
    """One stack, and all errors in its file that keep it from being rolled out."""

    name: str
    file: StackFile | None
    findings: tuple[Finding, ...] = ()
    is_compared: bool = True
    """Whether it could be compared with the other stacks."""

    @property
    def error(self) -> str | None:
        """The findings as one text, for the user."""
        return str(SettingsError(self.name, self.findings)) if self.findings else None

    @property
    def account(self) -> str | None:
        return self.file.account if self.file else None

    @property
    def region(self) -> str | None:
        return self.file.region if self.file else None


def project_root(here: Path | None = None) -> Path:
    """Return the project to work on: the current directory.

    Raises:
        RolloutError: it holds no Pulumi.yaml.
    """
    here = here or Path.cwd()
    if not (here / "Pulumi.yaml").exists():
        raise RolloutError(f"There is no Pulumi.yaml in {here}: run rollout in the project's root.")
    return here


def inventory(root: Path) -> tuple[Member, ...]:
    """Return all stacks of the project that have a file, sorted by name.

    Raises:
        RolloutError: `Pulumi.yaml`, which all stacks share, can't be used.
    """
    try:
        read_project(root)
    except SettingsError as error:
        raise RolloutError(*str(error).splitlines()) from None
    return tuple(_member(root, name) for name in stacks(root))


def _member(root: Path, name: str) -> Member:
    try:
        file = read(root, name)
    except SettingsError as error:
        return Member(name, None, error.findings)
    findings = tuple(guard(file))
    return Member(name, file, findings and (*findings, *_of_settings(file)))


def _of_settings(file: StackFile) -> tuple[Finding, ...]:
    """Other errors in a file that is refused anyway; the program reports them for all others."""
    try:
        file.settings()
    except SettingsError as error:
        return error.findings
    return ()


def guard(file: StackFile) -> Iterable[Finding]:
    """Find settings with which a stack could reach an account that its file does not name.

    The provider compares `aws:allowedAccountIds` with the account that its credentials belong to
    before it reads or writes anything, so no call of the rollout's own is needed, only the key.
    Where the roles to assume tell the account already, no engine is started for the wrong one.
    """
    key = "aws:allowedAccountIds"
    allowed = file.allowed_account_ids
    if not allowed:
        yield Finding(key, 'is missing; a rollout needs it: the stack\'s account, ["111111111111"]')
    elif file.account not in (None, *allowed):
        yield Finding(
            "aws:assumeRoles",
            f"end in account {file.account}, which {key} does not allow: {', '.join(allowed)}",
        )


def select(members: Sequence[Member], patterns: Sequence[str]) -> tuple[Member, ...]:
    """Return the members that any pattern matches (`dev`, `acct-*`); all without a pattern.

    Raises:
        RolloutError: with the patterns that match no stack, and the stacks that there are.
    """
    names = [member.name for member in members]
    idle = [p for p in patterns if not any(matches(name, [p]) for name in names)]
    if idle or not members:
        there = ", ".join(names) or "none, since there is no Pulumi.<stack>.yaml"
        wanted = ", ".join(f"'{pattern}'" for pattern in idle) or "all stacks"
        raise RolloutError(f"No stack for {wanted}; the stacks here are: {there}.")
    return tuple(m for m in members if not patterns or matches(m.name, patterns))
