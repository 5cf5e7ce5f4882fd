"""Checks a stack's file before it is written."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.settings.config_keys import PROJECT
from components.settings.findings import SettingsError
from components.settings.model import Stack
from components.settings.stack_file import read
from rollout.choosing.check import examined
from rollout.choosing.inventory import Member, guard, inventory
from rollout.errors import RolloutError


@contextmanager
def tried(root: Path, stack: str, text: str) -> Iterator[Path]:
    """Give a temporary project that has only this stack, with the text as its file."""
    with tempfile.TemporaryDirectory(prefix="rollout-") as name:
        folder = Path(name)
        shutil.copyfile(root / PROJECT, folder / PROJECT)
        (folder / f"Pulumi.{stack}.yaml").write_text(text, "utf-8")
        yield folder


def checked(root: Path, stack: str, text: str) -> Stack:
    """Check a stack's file before it is written, by itself and together with the others.

    Raises:
        RolloutError: with everything that is wrong.
    """
    with tried(root, stack, text) as folder:
        try:
            file = read(folder, stack)
            settings = file.settings()
        except SettingsError as error:
            raise RolloutError(*str(error).splitlines()) from None
        others = [one for one in inventory(root) if one.name != stack]
        members = examined([*others, Member(stack, file, tuple(guard(file)))])
    findings = members[-1].findings
    if findings:
        raise RolloutError.of(f"Pulumi.{stack}.yaml", findings)
    return settings
