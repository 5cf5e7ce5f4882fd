"""Runs the Pulumi CLI on a stack, in the sandbox's environment."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.environment import Provider, environment, for_process
from sandbox.folder import Folder
from sandbox.lifecycle import Look, SandboxError
from sandbox.stacks import SandboxStack, project_root


@dataclass(frozen=True)
class Engine:
    """The CLI on one stack of the user's project."""

    folder: Folder
    running: Look
    stack: SandboxStack
    provider: Provider = Provider.STAND_IN

    def run(self, *args: str, to_stderr: bool = False) -> int:
        """Run an operation, with its output in the terminal; return its exit code."""
        process = subprocess.Popen(
            ["pulumi", *args, "--stack", self.stack.name],  # noqa: S607 - the sandbox's PATH
            cwd=project_root(),
            env=self._environment,
            stdout=sys.stderr if to_stderr else None,
        )
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the CLI gets it too, and cancels
                return process.wait()

    def outputs(self, *args: str) -> Mapping[str, Any]:
        """Return the stack's outputs, with secrets masked unless `--show-secrets` is given.

        Raises:
            SandboxError: the CLI failed.
        """
        done = subprocess.run(
            ["pulumi", "stack", "output", "--json", "--stack", self.stack.name, *args],  # noqa: S607
            cwd=project_root(),
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SandboxError(done.stderr.strip())
        outputs: Mapping[str, Any] = json.loads(done.stdout)
        return outputs

    @cached_property
    def _environment(self) -> dict[str, str]:
        return for_process(environment(self.folder, self.running, self.stack, self.provider))
