"""The running stack's config, checked, and how its policies are laid out."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components.aws.partitions import partition_of_region, region_in_use
from components.policy.layout import Layout, layouts
from components.resources.lookups import run_error
from components.settings import Finding, SettingsError, Stack, load, warnings
from components.settings.load import own_config
from components.settings.stack_file import read_config


def read() -> tuple[Stack, Mapping[str, Layout], str | None]:
    """Read and check the config of the running stack; warnings go to Pulumi's log.

    Returns:
        The settings, the policy layout of each identity by name, and the region if known.

    Raises:
        pulumi.RunError: With every finding, before anything is created or looked up.
    """
    stack = pulumi.get_stack()
    region = region_in_use(pulumi.Config("aws").get("region"), os.environ)
    try:
        config = own_config({**get_config_env(), **CONFIG.get()})
        settings = load(stack, config)
        _check_file(stack, config)
        laid_out = layouts(stack, settings, partition_of_region(region) if region else None)
    except SettingsError as error:
        raise run_error(error) from None
    for finding in (*warnings(settings), *_packed(laid_out)):
        pulumi.log.warn(f"Pulumi.{stack}.yaml: {finding}")
    return settings, laid_out, region


def _packed(laid_out: dict[str, Layout]) -> list[str]:
    return [
        f"identities.{name}.grants: close to IAM's size limits, so the policies are packed; "
        "a change may rewrite several of them, and a permission may be missing for a moment"
        for name, layout in laid_out.items()
        if layout.packed
    ]


def _check_file(stack: str, config: Mapping[str, Any]) -> None:
    """Check that the config is that of the stack's file, if the file is beside the program.

    The rollout's reports read only that file. Pulumi may pass other values from a Pulumi ESC
    environment or ``--config-file``.

    Raises:
        SettingsError: The file is ambiguous, or contains other values.
    """
    root = Path(pulumi.get_root_directory() or Path.cwd())
    if not (root / f"Pulumi.{stack}.yaml").exists():
        return
    written = read_config(root, stack).own
    if other := [
        key for key in {**written, **config} if not _is(written.get(key), config.get(key))
    ]:
        message = (
            "Pulumi gives the program another value than this file and Pulumi.yaml contain; set it "
            "here, not in a Pulumi ESC environment or another --config-file"
        )
        raise SettingsError(stack, [Finding(key, message) for key in other])


def _is(written: object, given: object) -> bool:
    """Whether a value is that of the file. An encrypted value in the file matches any value."""
    match written, given:
        case {"secure": str(), **others}, _ if not others:
            return True
        case dict(), dict():
            return written.keys() == given.keys() and all(
                _is(value, given[key]) for key, value in written.items()
            )
        case list(), list():
            return len(written) == len(given) and all(map(_is, written, given))
    return written == given or (written is None and given == "")
