"""One operation on one stack through Pulumi's Automation API, the program running in this process.

The Automation API of the SDK runs, beside the operation itself, four more commands of the CLI for
each stack: its version, `stack select`, `stack output`, `stack history`, each about a quarter of
a second. None is needed here: the version is known, every command names its stack (selecting
would change what the user has selected), and the engine's events tell what happened.
"""

import json
import runpy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation.events import EngineEvent
from semver import VersionInfo

from rollout.execution.task import Cli, Command, Task


class WrongAccountError(Exception):
    """A stack could reach an account that its file does not name."""


class _Pulumi(auto.PulumiCommand):
    """The CLI whose version is known already."""

    def __init__(self, cli: Cli) -> None:
        # Not the parent's __init__, which runs `pulumi version`.
        self.command = cli.path
        self.version = VersionInfo.parse(cli.version)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: auto.OnOutput | None = None,
        on_error: auto.OnOutput | None = None,
    ) -> auto.CommandResult:
        """Run a command; where it fails early, as at a lock, save the SDK's wait of 5 s.

        It waits that long for the last event, which an engine that never started does not write
        (`_cleanup` in the SDK's pulumi/automation/_stack.py).
        """
        try:
            return super().run(args, cwd, additional_env, on_output, on_error)
        except auto.CommandError:
            if "--event-log" in args:
                log = Path(args[args.index("--event-log") + 1])
                if log.is_file() and b'"cancelEvent"' not in log.read_bytes():
                    with log.open("a", encoding="utf-8") as events:
                        events.write('{"cancelEvent":{}}\n')
            raise


class _Workspace(auto.LocalWorkspace):
    """A project's folder as it is, used without reading outputs."""

    def create_stack(self, stack_name: str) -> None:
        """Make the stack in the backend, as `pulumi stack init` does, without selecting it."""
        args = ["stack", "init", stack_name, "--no-select"]
        if provider := self.stack_settings(stack_name).secrets_provider:
            args += ["--secrets-provider", provider]
        self.pulumi_command.run(args, self.work_dir, {})

    def resources(self, stack_name: str) -> list[dict[str, Any]]:
        """Return the resources in a stack's state; what is secret stays encrypted."""
        args = ["stack", "export", "--stack", stack_name]
        state = json.loads(self.pulumi_command.run(args, self.work_dir, {}).stdout)
        found: list[dict[str, Any]] = state["deployment"].get("resources") or []
        return found

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
        WrongAccountError: what is to be destroyed is not guarded as the stack's file is.
    """

    def program() -> None:
        runpy.run_path(str(Path(task.root, "__main__.py")), run_name="__main__")

    workspace = _Workspace(work_dir=task.root, program=program, pulumi_command=_Pulumi(task.cli))
    stack = _Stack(task.stack, workspace)
    try:
        _operate(stack, workspace, task, on_event)
    except auto.StackNotFoundError:
        if task.command is Command.DESTROY:
            return
        workspace.create_stack(task.stack)
        _operate(stack, workspace, task, on_event)


def _operate(
    stack: _Stack, workspace: _Workspace, task: Task, on_event: Callable[[EngineEvent], None]
) -> None:
    """Run a task on a stack that is there.

    A refresh takes the provider's settings from the state unless the program runs: it does, so that
    credentials and allowed accounts are those of the stack's file. A destroy takes them from the
    state in any case, since what it deletes was made with them; so they are looked at before.
    """
    match task.command:
        case Command.PREVIEW:
            stack.preview(color="never", on_event=on_event, plan=task.plan)
        case Command.DRIFT:
            stack.preview(color="never", on_event=on_event, refresh=True, run_program=True)
        case Command.UP:
            stack.up(color="never", on_event=on_event, plan=task.plan)
        case Command.DESTROY:
            resources = workspace.resources(task.stack)
            check_accounts(task, resources)
            if resources:
                stack.destroy(
                    color="never", on_event=on_event, exclude_protected=task.spare_protected
                )
        case Command.CANCEL:
            stack.cancel()


def check_accounts(task: Task, resources: Iterable[Mapping[str, Any]]) -> None:
    """Check that all AWS providers in a state allow what the stack's file allows.

    With the credentials of another account a destroy would find nothing to delete, take that for
    done, and forget what it had made.

    Raises:
        WrongAccountError: one does not.
    """
    for resource in resources:
        if resource["type"] != "pulumi:providers:aws":
            continue
        allowed = json.loads(resource.get("inputs", {}).get("allowedAccountIds") or "[]")
        allowed = sorted(map(str, allowed))
        if allowed != sorted(task.accounts):
            deployed = ", ".join(allowed) or "unset"
            raise WrongAccountError(
                f"it was deployed with aws:allowedAccountIds {deployed}, and its file says "
                f"{', '.join(task.accounts)}: deploy it once more before it is destroyed, or use "
                f"`pulumi destroy --stack {task.stack}`"
            )
