"""The commands of `python -m sandbox`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.exceptions import BotoCoreError
from rich.console import Console

from components.settings.findings import SettingsError
from sandbox import lifecycle, report, status
from sandbox.engine import Engine
from sandbox.environment import Provider, as_shell, environment
from sandbox.folder import Folder
from sandbox.jobs.commands import JOB, JobCommand, learn, run
from sandbox.jobs.token import token
from sandbox.lifecycle import Look, SandboxError
from sandbox.preparing import prepare
from sandbox.stacks import SandboxStack, find_stack, project_root, usable_stacks

app: Final = typer.Typer(
    help="A local AWS to try the program without an account: moto, with the calls of S3 and STS "
    "decided as AWS decides them by identity policies and trusts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
told: Final = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack to work on.")]
Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stack", "-s", help="Stacks to create buckets for: names or globs. [default: dev]"
    ),
]
Buckets = Annotated[
    bool, typer.Option("--buckets/--no-buckets", help="Create the buckets that the config names.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as a JSON object.")]
AsProvider = Annotated[
    Provider,
    typer.Option(
        "--provider", help="The AWS provider: the sandbox's own, or the plugin that is installed."
    ),
]
More = Annotated[list[str] | None, typer.Argument(help="Further arguments for pulumi, after --.")]


@app.command()
def start(stack: Stacks = None, *, buckets: Buckets = True) -> None:
    """Start the sandbox if it is not running, and create the stacks' buckets.

    A stack whose file has errors is reported and left out; the exit code is then 1.
    """
    with _errors_told():
        root = project_root()
        stacks, errors = usable_stacks(root, stack or _default_stacks(root))
        running = _started(stacks, buckets=buckets)
        told.print(f"The sandbox is running. Its AWS (moto) is at {running.aws_url}.")
        for error in errors:
            told.print(f"The stack {error.stack} can't be deployed and is left out:\n{error}")
        _end_unless_done(1 if errors else 0)


@app.command()
def up(
    stack: Stack = "dev",
    more: More = None,
    *,
    buckets: Buckets = True,
    provider: AsProvider = Provider.STAND_IN,
    as_json: Json = False,
) -> None:
    """Deploy a stack and show who may do what; start the sandbox first if needed."""
    with _errors_told():
        engine = _engine(stack, provider, buckets=buckets)
        args = ("up", "--yes", "--skip-preview", "--suppress-outputs", *(more or ()))
        _end_unless_done(engine.run(*args, to_stderr=as_json))
        outputs = engine.outputs()
        if as_json:
            place = {
                "stack": engine.stack.name,
                "account": engine.stack.account,
                "region": engine.stack.region,
            }
            typer.echo(json.dumps({**place, "outputs": outputs}))
        else:
            report.show(Console(highlight=False, markup=False), engine.stack, outputs)


@app.command()
def preview(
    stack: Stack = "dev",
    more: More = None,
    *,
    buckets: Buckets = True,
    provider: AsProvider = Provider.STAND_IN,
) -> None:
    """Show what `up` would change; start the sandbox first if needed."""
    with _errors_told():
        _end_unless_done(_engine(stack, provider, buckets=buckets).run("preview", *(more or ())))


@app.command()
def refresh(
    stack: Stack = "dev", more: More = None, *, provider: AsProvider = Provider.STAND_IN
) -> None:
    """Update the stack's state with changes that were made outside of Pulumi."""
    with _errors_told():
        engine = _running_engine(stack, provider)
        _end_unless_done(engine.run("refresh", "--yes", "--skip-preview", *(more or ())))


@app.command()
def destroy(
    stack: Stack = "dev", more: More = None, *, provider: AsProvider = Provider.STAND_IN
) -> None:
    """Delete the stack's resources; the sandbox keeps running."""
    with _errors_told():
        if lifecycle.look(Folder.current()).state == "stopped":
            told.print("The sandbox is not running; there is nothing to delete.")
            return
        engine = _running_engine(stack, provider)
        _end_unless_done(engine.run("destroy", "--yes", "--skip-preview", *(more or ())))


@app.command(name="status")
def status_(*, as_json: Json = False) -> None:
    """Show whether the sandbox is running, and its stacks; exit code 1 if it is not running."""
    folder = Folder.current()
    found = lifecycle.look(folder)
    stacks = status.deployed(folder)
    if as_json:
        typer.echo(json.dumps(status.as_json(found, stacks)))
    else:
        status.show(Console(highlight=False, markup=False, soft_wrap=True), found, stacks)
    raise typer.Exit(0 if found.state == "running" else 1)


@app.command()
def env(stack: Stack = "dev", *, provider: AsProvider = Provider.STAND_IN) -> None:
    """Print shell commands to eval, after which pulumi, aws and boto3 use the sandbox."""
    with _errors_told():
        found = find_stack(project_root(), stack)
        folder = Folder.current()
        typer.echo(as_shell(environment(folder, _running(folder), found, provider)))


app.command()(token)
app.command(cls=JobCommand, context_settings=JOB)(run)
app.command(cls=JobCommand, context_settings=JOB)(learn)


@app.command()
def stop() -> None:
    """Stop the sandbox and delete everything in it."""
    before = lifecycle.stop(Folder.current())
    words = {"running": "The sandbox is stopped.", "stale": "The broken sandbox is removed."}
    told.print(words.get(before.state, "The sandbox was not running."))


@contextmanager
def _errors_told() -> Iterator[None]:
    """Print an error without a traceback and end with exit code 1."""
    try:
        yield
    except (SandboxError, SettingsError, BotoCoreError) as error:
        told.print(f"error: {error}")
        raise typer.Exit(1) from None


def _engine(name: str, provider: Provider, *, buckets: bool) -> Engine:
    """Return the engine on a stack; start the sandbox if needed."""
    stack = find_stack(project_root(), name)
    return Engine(Folder.current(), _started([stack], buckets=buckets), stack, provider)


def _running_engine(name: str, provider: Provider) -> Engine:
    """Return the engine on a stack in the running sandbox."""
    stack = find_stack(project_root(), name)
    folder = Folder.current()
    return Engine(folder, _running(folder), stack, provider)


def _started(stacks: Sequence[SandboxStack], *, buckets: bool) -> Look:
    """Start the sandbox if needed, create what the stacks need, and print what was done."""
    folder = Folder.current()
    before, now = lifecycle.start(folder)
    if before.state == "stale":
        told.print(
            f"The sandbox was broken: {before.fault}. Everything in it is lost; a new one was "
            "started.",
        )
    for name, made in prepare(folder, now, stacks, buckets=buckets).items():
        told.print(f"Created the buckets of {name}: {', '.join(made)}.")
    return now


def _running(folder: Folder) -> Look:
    """Return the running sandbox.

    Raises:
        SandboxError: it is not running, or it is broken.
    """
    found = lifecycle.look(folder)
    if found.state == "stopped":
        raise SandboxError("The sandbox is not running: `python -m sandbox start` starts it.")
    if found.state == "stale":
        raise SandboxError(
            f"The sandbox is broken: {found.fault}. Everything in it is lost; "
            "`python -m sandbox start` starts a new one.",
        )
    return found


def _default_stacks(root: Path) -> list[str]:
    return ["dev"] if (root / "Pulumi.dev.yaml").exists() else []


def _end_unless_done(code: int) -> None:
    if code:
        raise typer.Exit(code)
