"""The Pulumi CLI to run: the user's, if it is new enough, else the checkout's own."""

from rollout.errors import RolloutError
from rollout.execution.task import Cli
from tools import toolchain


def find_cli() -> Cli:
    """Return the first usable `pulumi` on PATH, the sandbox's too; else the one that `make` got.

    With PULUMI_CLI=pinned the user's on PATH is left out.

    Raises:
        RolloutError: there is none that is new enough.
    """
    try:
        found = toolchain.locate(sandbox=True)
    except toolchain.ToolchainError as error:
        raise RolloutError(str(error)) from error
    return Cli(str(found.pulumi), str(found.version))
