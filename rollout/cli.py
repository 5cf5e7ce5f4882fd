"""The commands of `python -m rollout`; the packages beside this module implement them.

Exit codes: 0 success; 1 a stack failed or was not reached, or the command could not start; 2 with
`--exit-code`, there are changes; 3 with `--fail-on-wider`, access gets wider; 4 with
`--fail-on-breaks`, jobs may stop; 130 and 143 after Ctrl-C and SIGTERM. `can`, `who` and
`audit` have their own, see `rollout.asking.commands` and `rollout.auditing.commands`.
"""
# ruff: noqa: PLR0913 - a command has an argument for each of its options

import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console

from components.settings.findings import printable
from rollout.adopting.commands import adopt
from rollout.asking import commands as asking
from rollout.auditing import commands as auditing
from rollout.choosing.check import check, with_findings
from rollout.choosing.inventory import project_root
from rollout.choosing.options import Globs, Json, Redact, Stacks, selecting, sharing
from rollout.choosing.selection import Options, choose
from rollout.errors import RolloutError
from rollout.execution.command import carry_out
from rollout.execution.run import Run
from rollout.execution.task import Operation
from rollout.keys import commands as keys
from rollout.mapping.commands import map_
from rollout.reporting import tables
from rollout.reporting.groups import some
from rollout.reporting.markdown import markdown as markdown_of
from rollout.reporting.output import Output, Redactor
from rollout.result import Exit, Report
from rollout.starting.commands import init

app: Final = typer.Typer(
    help="Preview and deploy many stacks: every Pulumi.<stack>.yaml of the project.",
    epilog="Exit codes: 0 done; 1 a stack failed or was not reached; 2 changes were found, with "
    "--exit-code; 3 access gets wider, with --fail-on-wider; 4 jobs may stop, with "
    "--fail-on-breaks; 130 and 143 after Ctrl-C and SIGTERM. "
    "can: 0 allowed, 1 denied, 2 wrong usage or config. "
    "audit: 0 done, 1 risks were found, with --exit-code, 2 an account can't be read. "
    "keys list: 0 done, 1 something is due, with --exit-code, 2 a stack can't be read.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
told: Final = Console(stderr=True, highlight=False, markup=False)

Refresh = Annotated[
    bool,
    typer.Option(
        "--refresh",
        help="Read from AWS first what is deployed, so that changes by hand are undone.",
    ),
]
Markdown = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a comment for a pull request.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit with code 2 if there are changes.")
]


@dataclass(frozen=True)
class Order:
    """What preview, up, drift and destroy have in common: their options, as a run to prepare."""

    options: Options
    parallel: int | None
    wait: bool
    output: Output

    def run(self, operation: Operation) -> Run:
        return Run(operation, project_root(), self.options, self.parallel, wait=self.wait)


@sharing
@selecting
def ordering(
    options: Options,
    parallel: Annotated[
        int | None,
        typer.Option(
            "--parallel", "-p", min=1, help="Number of stacks that run in parallel, in every wave."
        ),
    ] = None,
    *,
    redact: Redact = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for locked stacks instead of failing.")
    ] = False,
    as_json: Json = False,
) -> Order:
    output = Output(as_json=as_json, redactor=Redactor() if redact else None)
    return Order(options, parallel, wait, output)


@app.command("list")
@selecting
def list_(options: Options, *, as_json: Json = False) -> None:
    """List the stacks with their waves and accounts, and check their files; runs no engine."""
    selection = with_findings(choose(project_root(), options, _say))
    if as_json:
        _print_json({"stacks": tables.stacks_json(selection)})
    else:
        tables.show_stacks(Console(highlight=False), selection)
    if any(member.error for member in selection.members.values()):
        raise typer.Exit(Exit.FAILED)


@app.command(name="check")
def check_(globs: Globs = None, stacks: Stacks = None, *, as_json: Json = False) -> None:
    """Check the stacks' files, each one and all together, without the engine and without AWS.

    The exit code is 1 if there are errors.
    """
    found = check(project_root(), [*(stacks or ()), *(globs or ())])
    if as_json:
        _print_json(tables.checked_json(found))
    else:
        tables.show_checked(Console(highlight=False, markup=False), found)
    raise typer.Exit(Exit.FAILED if found.wrong else Exit.DONE)


@app.command()
@ordering
def preview(
    order: Order,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save the engine's plans there, for up --plan."),
    ] = None,
    markdown: Markdown = None,
    *,
    refresh: Refresh = False,
    fail_on_wider: Annotated[
        bool, typer.Option("--fail-on-wider", help="Exit with code 3 if access gets wider.")
    ] = False,
    fail_on_breaks: Annotated[
        bool, typer.Option("--fail-on-breaks", help="Exit with code 4 if jobs may stop.")
    ] = False,
    exit_code: ExitCode = False,
) -> None:
    """Show what up would change: access gained and lost, and the resources."""
    run = order.run(Operation.PREVIEW)
    run.plans_folder, run.refresh = save, refresh
    report = _tell(run, replace(order.output, markdown=markdown))
    code = report.exit_code(
        tell_changes=exit_code, fail_on_wider=fail_on_wider, fail_on_breaks=fail_on_breaks
    )
    raise typer.Exit(code)


@app.command()
@ordering
def up(
    order: Order,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Make only the changes that preview --save planned."),
    ] = None,
    *,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the last up: run the stacks that are not done."),
    ] = False,
    refresh: Refresh = False,
    skip_broken: Annotated[
        bool,
        typer.Option(
            "--skip-broken", help="Leave out stacks whose files have errors; exit with code 1."
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Deploy the stacks, wave by wave; without --yes, show the changes first and ask.

    If the file of any stack has errors, nothing is deployed.
    """
    run, output = order.run(Operation.UP), order.output
    run.plans_folder, run.resume, run.skip_broken = plan, resume, skip_broken
    run.refresh = refresh
    if yes:
        _finish(run, output)
    with TemporaryDirectory(prefix="rollout-") as folder:
        # What is shown is what is done: up is held to the plans of the preview.
        save = Path(folder) if plan is None else None
        run.plans_folder = plan or save
        run.confirm = lambda names: _show_and_confirm(run, output, names, save)
        _finish(run, output)


@app.command()
@ordering
def drift(order: Order, markdown: Markdown = None, *, exit_code: ExitCode = False) -> None:
    """Show what was changed by hand in AWS: access gained and lost, and the resources."""
    output = replace(order.output, markdown=markdown)
    _finish(order.run(Operation.DRIFT), output, tell_changes=exit_code)


@app.command()
@ordering
def destroy(
    order: Order,
    *,
    exclude_protected: Annotated[
        bool,
        typer.Option(
            "--exclude-protected", help="Keep the OIDC providers, which other stacks may use."
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Delete all resources of the stacks, the last wave first."""
    run, output = order.run(Operation.DESTROY), order.output
    run.spare_protected = exclude_protected
    run.confirm = lambda names: _confirm("Destroy", names, output, yes=yes)
    _finish(run, output)


app.command()(init)
app.command()(adopt)
app.command()(asking.can)
app.command()(asking.who)
app.command("map")(map_)
app.command("audit")(auditing.audit)
app.add_typer(keys.app, name="keys")


def _finish(run: Run, output: Output, *, tell_changes: bool = False) -> NoReturn:
    report = _tell(run, output)
    raise typer.Exit(report.exit_code(tell_changes=tell_changes))


def _tell(run: Run, output: Output) -> Report:
    """Carry out a run, print its report, and return it."""
    with output.redacted(told) as console:
        output.check()
        report = output.of(carry_out(run, console))
        if output.as_json:
            _print_json(report.to_json())
        if output.markdown is not None:
            text = markdown_of(report, what=run.operation.value)
            output.markdown.write_text(text, encoding="utf-8")
        shown = console if output.as_json else Console(highlight=False, markup=False)
        tables.show_results(
            shown,
            report,
            steps=not run.operation.changes_stacks,
            access=not run.operation.changes_stacks,
        )
    return report


def _show_and_confirm(up: Run, output: Output, names: Sequence[str], save: Path | None) -> None:
    """Preview an up, save the plans in a folder, and ask for confirmation.

    Raises:
        typer.Exit: the preview failed, so there is nothing to confirm.
    """
    _check_asking("Deploy", names)
    options = Options(patterns=tuple(names))
    preview = Run(
        Operation.PREVIEW,
        up.root,
        options,
        up.parallel,
        plans_folder=save,
        wait=up.wait,
        refresh=up.refresh,
    )
    with output.redacted(told) as console:
        report = output.of(carry_out(preview, console))
        tables.show_results(console, report, steps=True, access=True)
        tables.show_left_out(console, up.selection, names)
    if code := report.exit_code():
        _say("The preview did not succeed, so nothing was deployed.")
        raise typer.Exit(code)
    _confirm("Deploy", names, output, yes=False)


def _confirm(verb: str, names: Sequence[str], output: Output, *, yes: bool) -> None:
    if yes:
        return
    _check_asking(verb, names)
    question = f"{verb} {some(len(names), 'stack')} ({', '.join(names)})?"
    typer.confirm(output.text(question), abort=True, err=True)


def _check_asking(verb: str, names: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        number = some(len(names), "stack")
        raise RolloutError(f"{verb} {number}: add --yes, since nobody can confirm here.")


def _say(text: str) -> None:
    for line in text.splitlines():
        told.print(printable(line), soft_wrap=True)


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
    sys.stdout.flush()


def main() -> int:
    try:
        return int(app(standalone_mode=False, prog_name="python -m rollout") or Exit.DONE)
    except RolloutError as error:
        _say(f"error: {error}")
    except typer.Abort as abort:
        if abort.__context__ is not None:  # Ctrl-C or Ctrl-D; the cursor is behind the question
            told.print()
        _say("Nothing was done.")
        if isinstance(abort.__context__, KeyboardInterrupt):
            return 128 + signal.SIGINT
    except Exception as error:
        # Wrong usage: typer has no public name for it, and its exit code, 2, means changes here.
        if (show := getattr(error, "show", None)) is None:
            raise
        show()
        command = getattr(getattr(error, "ctx", None), "info_name", None)
        return asking.WRONG if command in {*asking.COMMANDS, "audit"} else Exit.FAILED
    return Exit.FAILED
