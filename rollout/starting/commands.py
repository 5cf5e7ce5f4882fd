"""`init`: a stack's file from answers, which are asked for or given as options."""

import sys
from difflib import ndiff
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from components.iam.requests import Location
from components.settings.findings import printable
from components.settings.model import Stack
from components.settings.warnings import warnings
from rollout.asking import who_report
from rollout.asking.who import list_holders
from rollout.choosing.inventory import project_root
from rollout.errors import RolloutError
from rollout.starting.questions import QUESTIONS, Answers, Question
from rollout.writing.checked import checked, tried
from rollout.writing.file import check_unchanged, replace

if TYPE_CHECKING:
    from rollout.starting.draft import Draft


def init(stack: str, *, yes: bool, **options: str | list[str] | None) -> None:
    """Write a stack's file, or add a user or role to it; ask for what the options leave out.

    Without a terminal, nothing is asked or looked up, and the options that are missing are listed.
    """
    # 0.3 s for boto3, which few commands need
    from rollout.starting.asking import Asking  # noqa: PLC0415
    from rollout.starting.draft import draft  # noqa: PLC0415

    values = {one.name: options[_parameter(one)] for one in QUESTIONS}
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if value not in (None, [])
    }
    root, is_asked = project_root(), sys.stdin.isatty()
    made = draft(root, stack)
    problems = list(made.wrong_options(given))
    if not is_asked:
        problems += made.missing_options(given)
        problems += [] if yes else ["--yes is missing, since nobody can confirm here"]
    if problems:
        raise RolloutError(*problems)
    asking = Asking(made, Console(stderr=True, highlight=False, markup=False))
    try:
        answers = asking.ask(given) if is_asked else given
    except (EOFError, KeyboardInterrupt) as error:
        raise typer.Abort from error
    after = made.text(answers)
    settings = checked(root, stack, after)
    _show(made, answers, after, settings)
    if not yes:
        typer.confirm(f"Write {made.path.name}?", abort=True, err=True)
    check_unchanged(made.path, made.before)
    replace(made.path, after)
    typer.echo(f"{made.path.name} is written. Next:\n")
    if made.before is None:
        typer.echo(f"    pulumi stack init {stack}")
    typer.echo(f"    python -m rollout preview {stack}")
    typer.echo("\nor, in the sandbox, without AWS:\n")
    typer.echo(f"    python -m sandbox up --stack {stack}")


def _show(made: "Draft", answers: Answers, after: str, settings: Stack) -> None:
    """Print the new lines, the warnings about the file, and who may do what in the bucket."""
    console = Console(highlight=False, markup=False)
    where = Location(str(answers["bucket"]))
    before = (made.before or "").splitlines()
    console.print(f"{made.path.name}:\n")
    for line in ndiff(before, after.splitlines()):
        if line.startswith("+ "):
            console.print(f"    {printable(line[2:])}", soft_wrap=True)
    for warning in warnings(settings):
        console.print(printable(f"warning: {warning}"), soft_wrap=True)
    console.print()
    with tried(made.root, made.stack, after) as folder:
        who_report.show(console, where, list_holders(folder, where, [made.stack]))
    console.print()


def _parameter(question: Question) -> str:
    return question.name.replace("-", "_")


def _option(question: Question) -> Parameter:
    several = " May be given several times." if question.is_list else ""
    option = typer.Option(question.option, help=f"{question.text}.{several}")
    kind = list[str] if question.is_list else str
    hint = Annotated[kind | None, option]  # type: ignore[valid-type] # typer reads it
    return Parameter(_parameter(question), Parameter.KEYWORD_ONLY, default=None, annotation=hint)


# An option for each question, as typer reads them.
_STACK = Annotated[str, typer.Argument(metavar="STACK", help="The name of the stack.")]
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
init.__signature__ = Signature(  # type: ignore[attr-defined]
    [
        Parameter("stack", Parameter.KEYWORD_ONLY, annotation=_STACK),
        *map(_option, QUESTIONS),
        Parameter("yes", Parameter.KEYWORD_ONLY, default=False, annotation=_YES),
    ]
)
