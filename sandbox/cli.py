"""The commands of `python -m sandbox`; what they do is in the modules next door."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.console import Console

from components.settings.findings import SettingsError
from sandbox import lifecycle
from sandbox.environment import as_shell, environment, for_process
from sandbox.folder import Folder
from sandbox.lifecycle import Look, SandboxError
from sandbox.preparing import prepare
from sandbox.stacks import SandboxStack, find_stacks, project_root

app: Final = typer.Typer(
    help="A local AWS (moto) to try the program without an account.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
told: Final = Console(stderr=True, highlight=False, soft_wrap=True)

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack to work on.")]
Stacks = Annotated[
    list[str] | None, typer.Option("--stack", "-s", help="Stacks to make buckets for; globs work.")
]
Buckets = Annotated[
    bool, typer.Option("--buckets/--no-buckets", help="Make the buckets that the config names.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
More = Annotated[list[str] | None, typer.Argument(help="More arguments for pulumi, after --.")]


@contextmanager
def errors_told() -> Iterator[None]:
    """Tell an error as it is and end with 1, without a traceback."""
    try:
        yield
    except (SandboxError, SettingsError) as error:
        told.print(f"[red]error:[/] {error}", markup=True)
        raise typer.Exit(1) from None


def running(folder: Folder) -> Look:
    """Return the running sandbox; a stale one is said, never used.

    Raises:
        SandboxError: it does not run.
    """
    found = lifecycle.look(folder)
    if found.state == "stopped":
        raise SandboxError("The sandbox is not running: `python -m sandbox start` starts it.")
    if found.state == "stale":
        raise SandboxError(
            f"The sandbox is broken: {'; '.join(found.faults)}. What it held is lost; "
            "`python -m sandbox start` clears it and starts a fresh one.",
        )
    return found


def started(folder: Folder) -> Look:
    """Start the sandbox unless it runs, and say what was found."""
    before, now = lifecycle.start(folder)
    if before.state == "stale":
        told.print(
            f"The sandbox was broken: {'; '.join(before.faults)}. It was cleared, with all that "
            "it held, and a fresh one started.",
        )
    return now


def pulumi(folder: Folder, now: Look, stack: SandboxStack, *args: str) -> int:
    """Run the ordinary CLI on a stack of the user's checkout; return its exit code."""
    variables = environment(folder, now, stack)
    command = ["pulumi", *args, "--stack", stack.name]
    return subprocess.run(
        command, cwd=project_root(), env=for_process(variables), check=False
    ).returncode


@app.command()
def start(stack: Stacks = None, *, buckets: Buckets = True) -> None:
    """Start the sandbox, if it does not run, and make the stacks' buckets."""
    with errors_told():
        stacks = find_stacks(project_root(), stack or ["dev"])
        folder = Folder.current()
        now = started(folder)
        made = prepare(folder, now, stacks, buckets=buckets)
        told.print(f"The sandbox runs: AWS (moto) at {now.aws_url}.")
        for name, new in made.items():
            told.print(f"Buckets made for {name}: {', '.join(new)}.")


@app.command()
def up(stack: Stack = "dev", more: More = None, *, buckets: Buckets = True) -> None:
    """Deploy a stack in the sandbox, starting it first if needed."""
    with errors_told():
        _run(stack, "up", "--yes", "--skip-preview", *(more or ()), buckets=buckets)


@app.command()
def preview(stack: Stack = "dev", more: More = None, *, buckets: Buckets = True) -> None:
    """Show what `up` would change."""
    with errors_told():
        _run(stack, "preview", *(more or ()), buckets=buckets)


def _run(name: str, *args: str, buckets: bool) -> None:
    (stack,) = find_stacks(project_root(), [name])
    folder = Folder.current()
    now = started(folder)
    prepare(folder, now, [stack], buckets=buckets)
    if code := pulumi(folder, now, stack, *args):
        raise typer.Exit(code)


@app.command()
def env(stack: Stack = "dev") -> None:
    """Print lines to eval, with which plain pulumi, aws and boto3 use the sandbox."""
    with errors_told():
        folder = Folder.current()
        (found,) = find_stacks(project_root(), [stack])
        typer.echo(as_shell(environment(folder, running(folder), found)))


@app.command()
def stop() -> None:
    """Stop the sandbox and forget all that it held."""
    before = lifecycle.stop(Folder.current())
    words = {"running": "The sandbox is stopped", "stale": "What was left of it is cleared"}
    told.print(f"{words.get(before.state, 'The sandbox was not running')}.")
