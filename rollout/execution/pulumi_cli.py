"""Finds the Pulumi CLI to run: the user's, if it is new enough, else the checkout's own."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import toolchain
from rollout.errors import RolloutError
from rollout.execution.task import Cli
from toolchain.pins import parse_version, pinned_version

_PULUMI: Final = "pulumi"


def find_cli() -> Cli:
    """Return the first `pulumi` on PATH, the sandbox's too; else the one that `make` got.

    Raises:
        RolloutError: there is none that is new enough.
    """
    minimum = pinned_version()
    found = shutil.which(_PULUMI)
    text = _version(found) if found else ""
    version = parse_version(text)
    if found and version and version >= minimum:
        return Cli(found, text.removeprefix("v"))
    own = toolchain.locate()
    if own is not None and (text := _version(str(own / _PULUMI))):
        return Cli(str(own / _PULUMI), text.removeprefix("v"))
    too_old = f" of version {minimum} or newer ({found} is {text or 'of none'})" if found else ""
    raise RolloutError(f"There is no Pulumi CLI{too_old}: `make toolchain` gets one.")


def _version(pulumi: str) -> str:
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    command = [str(Path(pulumi)), "version"]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    except OSError:  # no program, as one for another machine
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
