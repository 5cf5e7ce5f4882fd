"""The stack's config as Pulumi hands it to the program, checked and planned."""

import os
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components.aws.partitions import partition_of_region, region_in_use
from components.policy.plan import Plan, plans
from components.resources.lookups import told
from components.settings import NAMESPACE, SettingsError, Stack, advice, load
from components.settings.load import decoded


@dataclass(frozen=True)
class ProgramConfig:
    """A stack's settings, the plan of each identity's policies, and the region if it is known."""

    settings: Stack
    plans: dict[str, Plan]
    region: str | None


def read() -> ProgramConfig:
    """Read and check the running stack's config; warnings go to Pulumi's log.

    Raises:
        pulumi.RunError: with everything that is wrong, before anything is made or looked up.
    """
    stack = pulumi.get_stack()
    region = region_in_use(pulumi.Config("aws").get("region"), os.environ)
    try:
        settings = load(stack, _own_config())
        planned = plans(stack, settings, partition_of_region(region) if region else None)
    except SettingsError as error:
        raise told(error) from None
    for finding in (*advice(settings), *_packed(planned)):
        pulumi.log.warn(f"Pulumi.{stack}.yaml: {finding}")
    return ProgramConfig(settings, planned, region)


def _packed(planned: dict[str, Plan]) -> list[str]:
    return [
        f"identities.{name}.grants: near the limit of what fits, so policies are packed; a change "
        "may rewrite several of them, and a permission that moves be missing for a moment"
        for name, plan in planned.items()
        if plan.layout.packed
    ]


def _own_config() -> dict[str, Any]:
    """Every key of the project's namespace, also one that nobody asks for.

    ``pulumi.Config`` answers for a key that it is asked for; a misspelled one is
    found only by looking at all of them.
    """
    prefix = f"{NAMESPACE}:"
    config = {**get_config_env(), **CONFIG.get()}
    return {
        key.removeprefix(prefix): decoded(value)
        for key, value in config.items()
        if key.startswith(prefix)
    }
