"""The commands of `python -m rollout`; what they do is in the packages beside it.

Exit codes: 0 all is done; 1 something failed, was stopped or could not start; 2 with `--exit-code`,
changes were found; 3 with `--fail-on-wider`, access gets wider; 4 with `--fail-on-breaks`, jobs may
stop; 130 and 143 after Ctrl-C and SIGTERM. `can` and `who` have their own, see
`rollout.asking.commands`.
"""
# ruff: noqa: PLR0913, PLR0917 - a command has an argument for each of its options

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from components.settings.findings import printable
from rollout.asking import commands as asking
from rollout.choosing.check import check, with_faults
from rollout.choosing.inventory import project_root
from rollout.choosing.selection import Options, choose
from rollout.choosing.shard import parse_shard
from rollout.errors import RolloutError
from rollout.execution.running import Request, carry_out
from rollout.execution.task import Command
from rollout.reporting import tables
from rollout.reporting.markdown import markdown as markdown_of
from rollout.reporting.output import Output
from rollout.reporting.redact import Redactor
from rollout.reporting.report import some
from rollout.result import Exit, Report

app: Final = typer.Typer(
    help="Preview and deploy many stacks: every Pulumi.<stack>.yaml of the project.",
    epilog="Exit codes: 0 done; 1 a stack failed or was not reached; 2 changes were found, with "
    "--exit-code; 3 access gets wider, with --fail-on-wider; 4 jobs may stop, with "
    "--fail-on-breaks; 130 and 143 after Ctrl-C and SIGTERM. "
    "can: 0 allowed, 1 denied, 2 wrong usage or config.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
told: Final = Console(stderr=True, highlight=False, markup=False)

Globs = Annotated[
    list[str] | None, typer.Argument(metavar="[GLOB]...", help="Stacks, as with --stacks.")
]
Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stacks", "-s", metavar="GLOB...", help="Stacks, by names or globs (default: all)."
    ),
]
Wave = Annotated[
    list[str] | None, typer.Option("--wave", help="Only stacks of this wave of rollout.yaml.")
]
Changed = Annotated[
    str | None,
    typer.Option(
        metavar="REF", help="Only stacks whose file changed since; all if the program did."
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="One machine's part: 0/4 to 3/4 [CIRCLE_NODE_INDEX/CIRCLE_NODE_TOTAL].",
    ),
]
Parallel = Annotated[
    int | None, typer.Option("--parallel", "-p", min=1, help="Stacks at once, in any wave.")
]
Redact = Annotated[bool, typer.Option("--redact", help="Show no account id anywhere.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for stacks that are locked.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="End with 2 if changes were found.")]


@app.command("list")
def list_(
    globs: Globs = None,
    stacks: Stacks = None,
    wave: Wave = None,
    changed_since: Changed = None,
    shard: ShardOption = None,
    *,
    as_json: Json = False,
) -> None:
    """Show the stacks, with their waves and accounts, and check their files; starts no engine."""
    options = _options(globs, stacks, wave, changed_since, shard)
    selection = with_faults(choose(project_root(), options, _say))
    if as_json:
        _print_json({"stacks": tables.stacks_json(selection)})
    else:
        tables.show_stacks(Console(highlight=False), selection)
    if any(member.error for member in selection.members.values()):
        raise typer.Exit(Exit.FAILED)


@app.command(name="check")
def check_(globs: Globs = None, stacks: Stacks = None, *, as_json: Json = False) -> None:
    """Find what is wrong in the stacks' files, in each and across them; asks no engine and no AWS.

    Ends with 1 if anything is.
    """
    found = check(project_root(), [*(stacks or ()), *(globs or ())])
    if as_json:
        _print_json(tables.checked_json(found))
    else:
        tables.show_checked(Console(highlight=False, markup=False), found)
    raise typer.Exit(Exit.FAILED if found.wrong else Exit.DONE)


@app.command()
def preview(
    globs: Globs = None,
    stacks: Stacks = None,
    wave: Wave = None,
    changed_since: Changed = None,
    shard: ShardOption = None,
    parallel: Parallel = None,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the engine's plans, for up --plan.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one comment for a pull request.")
    ] = None,
    *,
    redact: Redact = False,
    fail_on_wider: Annotated[
        bool, typer.Option("--fail-on-wider", help="End with 3 if access gets wider.")
    ] = False,
    fail_on_breaks: Annotated[
        bool, typer.Option("--fail-on-breaks", help="End with 4 if a change may stop jobs.")
    ] = False,
    wait: Wait = False,
    exit_code: ExitCode = False,
    as_json: Json = False,
) -> None:
    """Show what up would change: who gains or loses what, and the resources."""
    options = _options(globs, stacks, wave, changed_since, shard, parallel)
    request = Request(Command.PREVIEW, options, save, wait=wait)
    report = _tell(request, _output(as_json, redact, markdown))
    code = report.exit_code(
        tell_changes=exit_code, fail_on_wider=fail_on_wider, fail_on_breaks=fail_on_breaks
    )
    raise typer.Exit(code)


@app.command()
def up(
    globs: Globs = None,
    stacks: Stacks = None,
    wave: Wave = None,
    changed_since: Changed = None,
    shard: ShardOption = None,
    parallel: Parallel = None,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Do only what these plans say, of preview --save."),
    ] = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what the last up here has not done.")
    ] = False,
    redact: Redact = False,
    skip_broken: Annotated[
        bool,
        typer.Option(
            "--skip-broken", help="Leave out stacks whose files a check finds wrong; end with 1."
        ),
    ] = False,
    wait: Wait = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Deploy the stacks, wave by wave; without --yes it first shows what changes, and asks.

    Starts none while a check finds one of them wrong.
    """
    options = _options(globs, stacks, wave, changed_since, shard, parallel)
    output = _output(as_json, redact)
    request = Request(Command.UP, options, plan, wait=wait, resume=resume, skip_broken=skip_broken)
    if yes:
        _run(request, output)
    with TemporaryDirectory(prefix="rollout-") as folder:
        # What is shown is what is done: up keeps to the plans of the preview.
        save = Path(folder) if plan is None else None
        confirm = lambda names: _show_and_confirm(request, output, names, save)  # noqa: E731
        _run(replace(request, plans=plan or save, confirm=confirm), output)


@app.command()
def drift(
    globs: Globs = None,
    stacks: Stacks = None,
    wave: Wave = None,
    changed_since: Changed = None,
    shard: ShardOption = None,
    parallel: Parallel = None,
    *,
    redact: Redact = False,
    wait: Wait = False,
    exit_code: ExitCode = False,
    as_json: Json = False,
) -> None:
    """Show what in AWS is not as the program wishes; nothing is changed."""
    options = _options(globs, stacks, wave, changed_since, shard, parallel)
    request = Request(Command.DRIFT, options, wait=wait)
    _run(request, _output(as_json, redact), tell_changes=exit_code)


@app.command()
def destroy(
    globs: Globs = None,
    stacks: Stacks = None,
    wave: Wave = None,
    changed_since: Changed = None,
    shard: ShardOption = None,
    parallel: Parallel = None,
    *,
    exclude_protected: Annotated[
        bool,
        typer.Option(
            "--exclude-protected", help="Leave the OIDC providers, which other stacks may use."
        ),
    ] = False,
    redact: Redact = False,
    wait: Wait = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete all that the stacks made, the last wave first."""
    options = _options(globs, stacks, wave, changed_since, shard, parallel)
    confirm = lambda names: _confirm("Destroy", names, yes=yes)  # noqa: E731
    request = Request(
        Command.DESTROY, options, wait=wait, spare_protected=exclude_protected, confirm=confirm
    )
    _run(request, _output(as_json, redact))


app.command()(asking.can)
app.command()(asking.who)


def _options(
    globs: Sequence[str] | None,
    stacks: Sequence[str] | None,
    waves: Sequence[str] | None,
    changed_since: str | None,
    shard: str | None,
    parallel: int | None = None,
) -> Options:
    return Options(
        patterns=(*(stacks or ()), *(globs or ())),
        waves=tuple(waves or ()),
        changed_since=changed_since,
        shard=parse_shard(shard, os.environ),
        parallel=parallel,
    )


def _output(as_json: bool, redact: bool, markdown: Path | None = None) -> Output:  # noqa: FBT001
    return Output(as_json=as_json, markdown=markdown, redactor=Redactor() if redact else None)


def _run(request: Request, output: Output, *, tell_changes: bool = False) -> None:
    report = _tell(request, output)
    raise typer.Exit(report.exit_code(tell_changes=tell_changes))


def _tell(request: Request, output: Output) -> Report:
    """Carry out a request and tell how it went; return its report."""
    with output.redacted(told) as console:
        output.check()
        report = output.of(carry_out(project_root(), request, console))
        if output.as_json:
            _print_json(report.to_json())
        if output.markdown is not None:
            output.markdown.write_text(markdown_of(report), encoding="utf-8")
        shown = console if output.as_json else Console(highlight=False, markup=False)
        previews = request.command is Command.PREVIEW
        tables.show_results(
            shown, report, steps=previews or request.command is Command.DRIFT, access=previews
        )
    return report


def _show_and_confirm(up: Request, output: Output, names: Sequence[str], save: Path | None) -> None:
    """Preview an up, keep its plans in a folder, and ask.

    Raises:
        typer.Exit: the preview did not come to its end, so nobody is asked.
    """
    _check_asking("Deploy", names)
    options = Options(patterns=tuple(names), parallel=up.options.parallel)
    preview = Request(Command.PREVIEW, options, save, wait=up.wait)
    with output.redacted(told) as console:
        report = output.of(carry_out(project_root(), preview, console))
        tables.show_results(console, report, steps=True, access=True)
    if code := report.exit_code():
        _say("The preview did not succeed, so nothing was deployed.")
        raise typer.Exit(code)
    _confirm("Deploy", names, yes=False)


def _confirm(verb: str, names: Sequence[str], *, yes: bool) -> None:
    if yes:
        return
    _check_asking(verb, names)
    question = f"{verb} {some(len(names), 'stack')} ({', '.join(names)})?"
    typer.confirm(question, abort=True, err=True)


def _check_asking(verb: str, names: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        number = some(len(names), "stack")
        raise RolloutError(f"{verb} {number}: say --yes, as nobody can be asked here.")


def _say(text: str) -> None:
    for line in text.splitlines():
        told.print(printable(line), soft_wrap=True)


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run a command line and return its exit code."""
    try:
        return int(app(standalone_mode=False, prog_name="python -m rollout") or Exit.DONE)
    except RolloutError as error:
        _say(f"error: {error}")
    except typer.Abort:
        _say("Nothing was done.")
    except Exception as error:
        # Wrong usage; typer has no public name for it. Its own exit code, 2, means changes here.
        if (show := getattr(error, "show", None)) is None:
            raise
        show()
        command = getattr(getattr(error, "ctx", None), "info_name", None)
        return asking.WRONG if command in asking.COMMANDS else Exit.FAILED
    return Exit.FAILED
