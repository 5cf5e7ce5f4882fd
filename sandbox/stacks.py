"""The account, region, profile and buckets of each stack in the sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.settings import Role, User
from components.settings.findings import SettingsError
from components.settings.stack_file import StackFile, matches, read, stacks
from sandbox.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION
from sandbox.folder import CHECKOUT
from sandbox.lifecycle import SandboxError


@dataclass(frozen=True)
class SandboxStack:
    """One stack in the sandbox."""

    file: StackFile

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.file.stack

    @property
    def account(self) -> str:
        """The account of moto that the stack is in."""
        return self.file.account or DEFAULT_ACCOUNT

    @property
    def region(self) -> str:
        """The region that the stack is in."""
        return self.file.region or DEFAULT_REGION

    @property
    def profile(self) -> str | None:
        """The AWS profile that the stack's provider takes its credentials from."""
        profile = self.file.config.get("aws:profile")
        return str(profile) if profile else None

    @property
    def buckets(self) -> tuple[str, ...]:
        """The buckets that the stack's config names; none if the config has errors.

        The program reports them when it runs.
        """
        try:
            settings = self.file.settings()
        except SettingsError:
            return ()
        named = {g.bucket for one in settings.identities.values() for g in one.grants}
        return tuple(sorted(named))

    def identity(self, name: str) -> User | Role:
        """Find an identity in the stack's config.

        Raises:
            SandboxError: there is none of this name; those that there are are named.
            SettingsError: the config can't be used.
        """
        identities = self.file.settings().identities
        if name not in identities:
            there = ", ".join(identities) or "none"
            raise SandboxError(
                f"--identity: {self.file.path.name} has no identity '{name}'; there are: {there}"
            )
        return identities[name]


def project_root() -> Path:
    """Return the project in the current directory, or else the checkout."""
    here = Path.cwd()
    return here if (here / "Pulumi.yaml").exists() else CHECKOUT


def find_stacks(root: Path, patterns: Sequence[str]) -> list[SandboxStack]:
    """Return the stacks whose names match any of the patterns (`dev`, `acct-*`).

    Raises:
        SandboxError: a pattern matches no stack; the message names all stacks.
        SettingsError: a stack's file can't be read.
    """
    return [SandboxStack(read(root, name)) for name in _known(root, patterns)]


def usable_stacks(
    root: Path, patterns: Sequence[str]
) -> tuple[list[SandboxStack], list[SettingsError]]:
    """Return the stacks whose names match, and what is wrong with those that can't be deployed.

    Raises:
        SandboxError: a pattern matches none; the stacks that there are are named.
    """
    usable: list[SandboxStack] = []
    errors: list[SettingsError] = []
    for name in _known(root, patterns):
        try:
            stack = SandboxStack(read(root, name))
            stack.file.settings()
        except SettingsError as error:
            errors.append(error)
        else:
            usable.append(stack)
    return usable, errors


def find_stack(root: Path, pattern: str) -> SandboxStack:
    """Return the only stack whose name matches.

    Raises:
        SandboxError: there is none, or there are several.
        SettingsError: its file can't be read.
    """
    found = find_stacks(root, [pattern])
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise SandboxError(f"--stack: '{pattern}' matches several stacks: {names}")
    return found[0]


def _known(root: Path, patterns: Sequence[str]) -> list[str]:
    known = list(stacks(root))
    for pattern in patterns:
        if not any(matches(name, [pattern]) for name in known):
            there = ", ".join(known) if known else "none"
            raise SandboxError(
                f"There is no Pulumi.{pattern}.yaml in {root}; its stacks are: {there}."
            )
    return [name for name in known if matches(name, patterns)]
