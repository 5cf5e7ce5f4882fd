"""A stack's file in the project's root: ``Pulumi.<stack>.yaml``.

Inside a run Pulumi hands the program its config; this is for the tools around
it, which need to know what a stack wishes for without starting an engine.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from components.settings.findings import Finding, SettingsError
from components.settings.load import NAMESPACE, load
from components.settings.model import Stack

_FILE: Final = re.compile(r"Pulumi\.(?P<stack>[A-Za-z0-9_.-]+)\.yaml")
_ROLE_ACCOUNT: Final = re.compile(r"arn:[a-z-]+:iam::(?P<account>\d{12}):role/")


@dataclass(frozen=True)
class StackFile:
    """One stack's config as written, keys with their namespace (``aws:region``)."""

    stack: str
    path: Path
    config: Mapping[str, Any]

    def settings(self) -> Stack:
        """The typed settings.

        Raises:
            SettingsError: with everything that is wrong with them.
        """
        prefix = f"{NAMESPACE}:"
        own = {
            key.removeprefix(prefix): value
            for key, value in self.config.items()
            if key.startswith(prefix)
        }
        return load(self.stack, own)

    @property
    def region(self) -> str | None:
        """The stack's ``aws:region``, where it names one."""
        region = self.config.get("aws:region")
        return region if isinstance(region, str) else None

    @property
    def allowed_account_ids(self) -> tuple[str, ...]:
        """The stack's ``aws:allowedAccountIds``; YAML may have read a number."""
        ids = self.config.get("aws:allowedAccountIds") or ()
        return tuple(
            f"{account:012}" if isinstance(account, int) else str(account) for account in ids
        )

    @property
    def account(self) -> str | None:
        """The one account that the stack says it lives in, or None.

        It is the account of the last role in ``aws:assumeRoles``, which is where
        the provider ends up, else the only one of ``aws:allowedAccountIds``.
        """
        for role in reversed(self.config.get("aws:assumeRoles") or ()):
            if (found := _ROLE_ACCOUNT.match(str(role.get("roleArn", "")))) is not None:
                return found["account"]
        allowed = self.allowed_account_ids
        return allowed[0] if len(allowed) == 1 else None


def read(root: Path, stack: str) -> StackFile:
    """Read the file of one stack.

    Raises:
        SettingsError: where there is no such file, or it is no YAML mapping.
    """
    path = root / f"Pulumi.{stack}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(stack, [Finding("file", f"there is none in {root}")]) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(stack, [Finding("file", f"can't be read: {error}")]) from None
    config = (content or {}).get("config") if isinstance(content, dict | None) else None
    if not isinstance(config, dict):
        raise SettingsError(stack, [Finding("config", "is missing, or no mapping")])
    return StackFile(stack, path, config)


def stacks(root: Path) -> Iterator[str]:
    """The names of all stacks that have a file in a project's root, in order."""
    for path in sorted(root.glob("Pulumi.*.yaml")):
        if (found := _FILE.fullmatch(path.name)) is not None:
            yield found["stack"]
