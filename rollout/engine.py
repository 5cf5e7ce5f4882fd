"""One operation on one stack through Pulumi's Automation API, the program running in this process.

The Automation API of the SDK runs, beside the operation itself, four more commands of the CLI for
each stack: its version, `stack select`, `stack output`, `stack history`, each about a quarter of
a second. None is needed here: the version is known, every command names its stack (selecting
would change what the user has selected), and the engine's events tell what happened.
"""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation.events import EngineEvent
from semver import VersionInfo

from rollout.task import Cli, Command, Task


class _Pulumi(auto.PulumiCommand):
    """The CLI whose version is known already."""

    def __init__(self, cli: Cli) -> None:
        # Not the parent's __init__, which runs `pulumi version`.
        self.command = cli.path
        self.version = VersionInfo.parse(cli.version)


class _Workspace(auto.LocalWorkspace):
    """A project's folder as it is, used without reading outputs."""

    def create_stack(self, stack_name: str) -> None:
        """Make the stack in the backend, as `pulumi stack init` does, without selecting it."""
        args = ["stack", "init", stack_name, "--no-select"]
        if provider := self.stack_settings(stack_name).secrets_provider:
            args += ["--secrets-provider", provider]
        self.pulumi_command.run(args, self.work_dir, {})

    def stack_outputs(self, stack_name: str) -> dict[str, auto.OutputValue]:  # noqa: ARG002
        """Read none: outputs hold secrets, and nobody asks for them."""
        return {}


class _Stack(auto.Stack):
    """A stack that is not selected, and whose operations end without reading the history."""

    def __init__(self, name: str, workspace: auto.Workspace) -> None:
        # Not the parent's __init__, which runs `pulumi stack select`.
        self.name = name
        self.workspace = workspace

    def info(self, show_secrets: bool = True) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002
        """Return something: the parent wants it, nobody reads it."""
        return self


def operate(task: Task, on_event: Callable[[EngineEvent], None]) -> None:
    """Run a task; the stack is made first if the backend has none of its name.

    Raises:
        auto.CommandError: the engine failed.
    """

    def program() -> None:
        runpy.run_path(str(Path(task.root, "__main__.py")), run_name="__main__")

    workspace = _Workspace(work_dir=task.root, program=program, pulumi_command=_Pulumi(task.cli))
    stack = _Stack(task.stack, workspace)
    try:
        _operate(stack, task, on_event)
    except auto.StackNotFoundError:
        if task.command is Command.DESTROY:
            return
        workspace.create_stack(task.stack)
        _operate(stack, task, on_event)


def _operate(stack: _Stack, task: Task, on_event: Callable[[EngineEvent], None]) -> None:
    """Run a task on a stack that is there.

    A refresh or destroy takes the provider's settings from the state unless the program runs: it
    does, so that the credentials and the allowed accounts are those of the stack's file.
    """
    match task.command:
        case Command.PREVIEW:
            stack.preview(color="never", on_event=on_event, plan=task.plan)
        case Command.DRIFT:
            stack.preview(color="never", on_event=on_event, refresh=True, run_program=True)
        case Command.UP:
            stack.up(color="never", on_event=on_event, plan=task.plan)
        case Command.DESTROY:
            stack.destroy(color="never", on_event=on_event, run_program=True)
        case Command.CANCEL:
            stack.cancel()
