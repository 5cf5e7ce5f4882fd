"""One operation on one stack, by Pulumi's Automation API; the program runs in this process.

For each operation, the SDK's Automation API runs four other commands of the CLI: `version`,
`stack select`, `stack output` and `stack history`, each about a quarter of a second. None is needed
here: the version is known, every command names its stack (selecting one would change what the user
has selected), and the engine's events tell what happened.
"""

import json
import re
import runpy
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from pulumi import automation as auto

from components.resources import place
from rollout.execution.destroy_checks import (
    RefusedError,
    arns_of,
    check_accounts,
    check_place,
    check_protected,
)
from rollout.execution.pending import is_unsettled
from rollout.execution.recovery import Gate, OnEvent, export, mend_file, recover
from rollout.execution.scratch import QUIET, Scratch
from rollout.execution.task import Operation, Task
from tools.toolchain import Cli

_READING: Final = frozenset({Operation.PREVIEW, Operation.DRIFT})
_MAKING: Final = frozenset({Operation.UP, Operation.ADOPT})
"""Operations that make the stack in the backend where it is missing."""


class _Pulumi(auto.PulumiCommand):
    """The CLI, whose version is already known."""

    def __init__(self, cli: Cli, gate: Gate, *options: str) -> None:
        """Use the CLI, each command with these options; the SDK has no arguments for them."""
        # Not the parent's __init__, which runs `pulumi version`.
        self._gate = gate
        self._options = options
        self.command = str(cli.pulumi)
        self.version = cli.version

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: auto.OnOutput | None = None,
        on_error: auto.OnOutput | None = None,
    ) -> auto.CommandResult:
        """Run a command; if it fails early, as at a lock, avoid the SDK's wait of 5 seconds.

        The SDK waits for the last event, which an engine that never started does not write
        (`_cleanup` in the SDK's pulumi/automation/_stack.py).
        """
        self._gate.listen(args)
        try:
            command = [*args, *self._options]
            return super().run(command, cwd, additional_env, on_output, on_error)
        except auto.CommandError:
            if "--event-log" in args:
                log = Path(args[args.index("--event-log") + 1])
                if log.is_file() and b'"cancelEvent"' not in log.read_bytes():
                    with log.open("a", encoding="utf-8") as events:
                        events.write('{"cancelEvent":{}}\n')
            raise


class _Workspace(auto.LocalWorkspace):
    """A project's folder, whose outputs are never read."""

    has_new_stack = False

    def create_stack(self, stack_name: str) -> None:
        """Make the stack in the backend, as `pulumi stack init` does, without selecting it."""
        args = ["stack", "init", stack_name, "--no-select"]
        if provider := self.stack_settings(stack_name).secrets_provider:
            args += ["--secrets-provider", provider]
        self.run(args)
        self.has_new_stack = True

    def create_scratch(self, stack_name: str, folder: str) -> None:
        """Make the stack of a scratch folder in the scratch backend."""
        args = ["stack", "init", stack_name, "--no-select", "--cwd", folder]
        self.run([*args, "--secrets-provider", "passphrase"])

    def arns(self, stack_name: str) -> list[str]:
        return [*arns_of(export(self.run, stack_name)["deployment"].get("resources") or [])]

    def stack_outputs(self, stack_name: str) -> dict[str, auto.OutputValue]:  # noqa: ARG002
        """Read none: outputs hold secrets, and are not used."""
        return {}

    def run(self, args: list[str]) -> str:
        """Run a command of the CLI and return what it prints."""
        return self.pulumi_command.run(args, self.work_dir, self.env_vars).stdout


class _Stack(auto.Stack):
    """A stack that is never selected, and whose history is never read."""

    def __init__(self, name: str, workspace: auto.Workspace) -> None:
        # Not the parent's __init__, which runs `pulumi stack select`.
        self.name = name
        self.workspace = workspace

    def info(self, show_secrets: bool = True) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002
        """Return any value: the parent calls this, but the result is not used."""
        return self


def operate(task: Task, on_event: OnEvent) -> bool:
    """Run a task; `up` and `adopt` first create the stack if the backend does not have it.

    Returns:
        Whether the backend had the stack; if not, there is nothing to compare or destroy.

    Raises:
        auto.CommandError: the engine failed.
        RecoveryError: the pending operations of an earlier run can't be settled.
        RefusedError: the operation would do harm.
    """
    gate = Gate(on_event)
    if task.operation is not Operation.UP:
        gate.open()
    with tempfile.TemporaryDirectory(prefix="rollout-") as folder:
        scratch = Scratch(Path(folder), Path(task.root), task.stack)
        workspace = _workspace(task, QUIET if task.operation in _READING else {}, gate)
        try:
            _operate(task, workspace, gate, scratch)
        except auto.StackNotFoundError:
            if task.operation in _MAKING:
                workspace.create_stack(task.stack)
                _operate(task, workspace, gate, scratch)
            elif task.operation is Operation.PREVIEW:
                _preview_new(task, gate, scratch)
            return False
        except auto.CommandError as error:
            if task.operation in _READING or not mend_file(task, workspace.run, error):
                raise
            _operate(task, workspace, gate, scratch)
    return True


def _workspace(task: Task, environment: Mapping[str, str], gate: Gate) -> _Workspace:
    def program() -> None:
        gate.check(lambda: export(workspace.run, task.stack))
        is_unknown = task.operation is Operation.UP and not workspace.has_new_stack
        place.arns_in_state = partial(workspace.arns, task.stack) if is_unknown else None
        runpy.run_path(str(Path(task.root, "__main__.py")), run_name="__main__")

    # If the stack's file names no secrets manager, the engine uses the one in the state.
    env_vars = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true", **environment}
    command = _Pulumi(task.cli, gate)
    workspace = _Workspace(task.root, program=program, env_vars=env_vars, pulumi_command=command)
    return workspace


def _operate(task: Task, workspace: _Workspace, gate: Gate, scratch: Scratch) -> None:
    """Run a task on a stack that the backend has.

    A refresh takes the provider's settings from the state unless the program runs. It does run, so
    that the credentials and allowed accounts are those of the stack's file. A destroy always takes
    them from the state, so it compares them with the stack's file first.
    """
    stack, on_event = _Stack(task.stack, workspace), gate.on_event
    match task.operation:
        case Operation.PREVIEW:
            file = scratch.config_file()
            stack.preview(
                color="never",
                on_event=on_event,
                plan=task.plan,
                import_file=task.imports,
                config_file=file,
                refresh=task.refresh,
                run_program=task.refresh,
            )
        case Operation.DRIFT:
            file = scratch.config_file()
            stack.preview(
                color="never", on_event=on_event, refresh=True, run_program=True, config_file=file
            )
        case Operation.UP:
            _up(task, stack, workspace, gate)
        case Operation.DESTROY:
            _destroy(task, stack, workspace, on_event)
        case Operation.ADOPT:
            _adopt(task, workspace, on_event)
        case Operation.CANCEL:
            stack.cancel()


def _up(task: Task, stack: _Stack, workspace: _Workspace, gate: Gate) -> None:
    """Deploy; first settle the pending operations of a run that was cut short."""
    if task.moved_from is not None:
        check_place(task, export(workspace.run, task.stack)["deployment"].get("resources") or [])
    up = partial(
        stack.up,
        color="never",
        on_event=gate.on_event,
        plan=task.plan,
        refresh=task.refresh,
        run_program=task.refresh,
    )
    try:
        up()
    except auto.CommandError:
        if not gate.state:
            raise
        gate.open()
        recover(task, gate.state, workspace.run, gate.on_event)
        up()


def _resources(task: Task, workspace: _Workspace, on_event: OnEvent) -> list[dict[str, Any]]:
    """Return what is in the state, recovered if needed and of the stack's account."""
    state = export(workspace.run, task.stack)
    if is_unsettled(state["deployment"]):
        recover(task, state, workspace.run, on_event)
        state = export(workspace.run, task.stack)
    resources: list[dict[str, Any]] = state["deployment"].get("resources") or []
    check_accounts(task, resources)
    return resources


def _destroy(task: Task, stack: _Stack, workspace: _Workspace, on_event: OnEvent) -> None:
    """Destroy what is in the state, unless it must be refused."""
    resources = _resources(task, workspace, on_event)
    if not task.spare_protected:
        check_protected(task, resources)
    if resources:
        stack.destroy(color="never", on_event=on_event, exclude_protected=task.spare_protected)


def _adopt(task: Task, workspace: _Workspace, on_event: OnEvent) -> None:
    """Import what an import file lists, but for what the state has: a run may have been cut short.

    Nothing is protected: the program says what is to be.
    """
    resources = _resources(task, workspace, on_event)
    there = {tuple(one["urn"].split("::")[2:]) for one in resources}
    there = {(types.rsplit("$", 1)[-1], name) for types, name in there}
    file = Path(task.imports or "")
    wished = json.loads(file.read_text("utf-8"))
    left = [one for one in wished["resources"] if (one["type"], one["name"]) not in there]
    if left:
        file.write_text(json.dumps({**wished, "resources": left}), "utf-8")
        options = ["--yes", "--skip-preview", "--protect=false", "--generate-code=false"]
        try:
            workspace.run(["import", "--file", str(file), *options, "--stack", task.stack])
        except auto.CommandError as error:
            # It has no file of events; what went wrong is in what it prints of each resource.
            if errors := re.findall(r"^ +error: (.+)$", str(error), re.MULTILINE):
                raise RefusedError("\n".join(dict.fromkeys(errors))) from None
            raise


def _preview_new(task: Task, gate: Gate, scratch: Scratch) -> None:
    """Preview a stack that the backend does not have, in a temporary backend.

    The plan holds secrets unencrypted, as `up` has no key of the temporary backend. They are values
    that are only known after `up`, or that the stack's file holds in plain text.

    Raises:
        RefusedError: the stack's file holds encrypted values.
    """
    if scratch.is_encrypted:
        raise RefusedError(
            f"Pulumi.{task.stack}.yaml holds encrypted values, which only a backend that has the "
            f"stack can read, and this one does not: `pulumi stack init {task.stack}` creates it"
        )
    file, environment = scratch.project()
    workspace = _workspace(task, environment, gate)
    workspace.create_scratch(task.stack, str(scratch.folder))
    # The plan that the preview saves is not encrypted.
    workspace.pulumi_command = _Pulumi(task.cli, gate, "--show-secrets")
    stack = _Stack(task.stack, workspace)
    stack.preview(
        color="never",
        on_event=gate.on_event,
        plan=task.plan,
        import_file=task.imports,
        config_file=file,
    )
