"""The commands of `python -m sandbox`; what they do is in the modules next door."""

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
from sandbox.assume import commands as assume_cli
from sandbox.engine import Engine
from sandbox.environment import as_shell, environment
from sandbox.folder import Folder
from sandbox.lifecycle import Look, SandboxError
from sandbox.preparing import prepare
from sandbox.stacks import SandboxStack, find_stack, project_root, usable_stacks

app: Final = typer.Typer(
    help="A local AWS (moto) to try the program without an account. moto is not AWS: its API is "
    "real, its security is not.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
told: Final = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack to work on.")]
Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stack", "-s", help="Stacks to make buckets for: names or globs. [default: dev]"
    ),
]
Buckets = Annotated[
    bool, typer.Option("--buckets/--no-buckets", help="Make the buckets that the config names.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
More = Annotated[list[str] | None, typer.Argument(help="More arguments for pulumi, after --.")]


@app.command()
def start(stack: Stacks = None, *, buckets: Buckets = True) -> None:
    """Start the sandbox, if it does not run, and make the stacks' buckets.

    A stack whose file has errors is told and left out; it ends with 1 then.
    """
    with _errors_told():
        root = project_root()
        stacks, errors = usable_stacks(root, stack or _default_stacks(root))
        running = _started(stacks, buckets=buckets)
        told.print(f"The sandbox runs, its AWS (moto) at {running.aws_url}.")
        for error in errors:
            told.print(f"Left out is the stack {error.stack}, which can't be deployed:\n{error}")
        _end_unless_done(1 if errors else 0)


@app.command()
def up(
    stack: Stack = "dev", more: More = None, *, buckets: Buckets = True, as_json: Json = False
) -> None:
    """Deploy a stack, starting the sandbox first if needed, and tell who may do what."""
    with _errors_told():
        engine = _engine(stack, buckets=buckets)
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
def preview(stack: Stack = "dev", more: More = None, *, buckets: Buckets = True) -> None:
    """Show what `up` would change, starting the sandbox first if needed."""
    with _errors_told():
        _end_unless_done(_engine(stack, buckets=buckets).run("preview", *(more or ())))


@app.command()
def refresh(stack: Stack = "dev", more: More = None) -> None:
    """Read everything that a stack made as it is now, changes behind its back too."""
    with _errors_told():
        engine = _running_engine(stack)
        _end_unless_done(engine.run("refresh", "--yes", "--skip-preview", *(more or ())))


@app.command()
def destroy(stack: Stack = "dev", more: More = None) -> None:
    """Delete everything that a stack made; the sandbox runs on."""
    with _errors_told():
        if lifecycle.look(Folder.current()).state == "stopped":
            told.print("The sandbox is not running, so nothing is in it.")
            return
        engine = _running_engine(stack)
        _end_unless_done(engine.run("destroy", "--yes", "--skip-preview", *(more or ())))


@app.command(name="status")
def status_(*, as_json: Json = False) -> None:
    """Tell what runs, and which stacks are in it; ends with 1 if the sandbox does not run."""
    folder = Folder.current()
    found = lifecycle.look(folder)
    stacks = status.deployed(folder)
    if as_json:
        typer.echo(json.dumps(status.as_json(found, stacks)))
    else:
        status.show(Console(highlight=False, markup=False, soft_wrap=True), found, stacks)
    raise typer.Exit(0 if found.state == "running" else 1)


@app.command()
def env(stack: Stack = "dev") -> None:
    """Print lines to eval, with which plain pulumi, aws and boto3 use the sandbox."""
    with _errors_told():
        found = find_stack(project_root(), stack)
        folder = Folder.current()
        typer.echo(as_shell(environment(folder, _running(folder), found)))


app.command()(assume_cli.assume)
app.command()(assume_cli.token)


@app.command()
def stop() -> None:
    """Stop the sandbox and forget all that it held."""
    before = lifecycle.stop(Folder.current())
    words = {"running": "The sandbox is stopped.", "stale": "What was left of it is cleared."}
    told.print(words.get(before.state, "The sandbox was not running."))


@contextmanager
def _errors_told() -> Iterator[None]:
    """Tell an error as it is and end with 1, without a traceback."""
    try:
        yield
    except (SandboxError, SettingsError, BotoCoreError) as error:
        told.print(f"error: {error}")
        raise typer.Exit(1) from None


def _engine(name: str, *, buckets: bool) -> Engine:
    """Return the engine on a stack, in a sandbox that is started for it if needed."""
    stack = find_stack(project_root(), name)
    return Engine(Folder.current(), _started([stack], buckets=buckets), stack)


def _running_engine(name: str) -> Engine:
    """Return the engine on a stack, in the sandbox that runs."""
    stack = find_stack(project_root(), name)
    folder = Folder.current()
    return Engine(folder, _running(folder), stack)


def _started(stacks: Sequence[SandboxStack], *, buckets: bool) -> Look:
    """Start the sandbox unless it runs, make what the stacks need, and say what was done."""
    folder = Folder.current()
    before, now = lifecycle.start(folder)
    if before.state == "stale":
        told.print(
            f"The sandbox was broken: {before.fault}. All that it held is lost; a "
            "fresh one was started.",
        )
    for name, made in prepare(folder, now, stacks, buckets=buckets).items():
        told.print(f"Made the buckets of {name}: {', '.join(made)}.")
    return now


def _running(folder: Folder) -> Look:
    """Return the running sandbox; a stale one is said, never used.

    Raises:
        SandboxError: it does not run.
    """
    found = lifecycle.look(folder)
    if found.state == "stopped":
        raise SandboxError("The sandbox is not running: `python -m sandbox start` starts it.")
    if found.state == "stale":
        raise SandboxError(
            f"The sandbox is broken: {found.fault}. All that it held is lost; "
            "`python -m sandbox start` starts a fresh one.",
        )
    return found


def _default_stacks(root: Path) -> list[str]:
    return ["dev"] if (root / "Pulumi.dev.yaml").exists() else []


def _end_unless_done(code: int) -> None:
    if code:
        raise typer.Exit(code)
