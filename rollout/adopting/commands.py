"""`adopt`: users and roles that exist come under the program; AWS is not changed.

First the stack's file is written, then what it says is imported. Cut short in between, or half
imported, the same command goes on: what the file says already is not written again, what the state
has is not imported again.
"""
# ruff: noqa: PLR0913 - a command has an argument for each of its options

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from components.aws.limits import Kind
from components.settings.config_keys import read_project
from components.settings.findings import printable
from rollout.adopting import report
from rollout.adopting.adoption import Adoption
from rollout.adopting.imports import import_spec
from rollout.choosing.inventory import project_root
from rollout.choosing.options import Json
from rollout.choosing.selection import Options
from rollout.errors import RolloutError
from rollout.execution.command import carry_out
from rollout.execution.run import Run
from rollout.execution.task import Operation
from rollout.result import Exit
from rollout.writing.file import check_unchanged, replace

_told: Final = Console(stderr=True, highlight=False, markup=False)


def adopt(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Users and roles.")],
    stack: Annotated[str, typer.Option("--stack", "-s", help="The stack to bring them into.")],
    kind: Annotated[Kind | None, typer.Option(help="Which one, where a name is both.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring users and roles that exist into a stack: write its file, and import them.

    Nothing in AWS is changed. If any of them can't be said in the file, none is adopted.
    """
    # 0.3 s for boto3, which no other command needs at its start
    from rollout.adopting.reading import read_adoption  # noqa: PLC0415

    root, shown = project_root(), _told if as_json else Console(highlight=False, markup=False)
    adoption = read_adoption(root, stack, names, kind)
    for line in report.as_lines(adoption):
        shown.print(printable(line), soft_wrap=True)
    if adoption.refused:
        _end(adoption, shown, "Nothing was written or imported.", as_json=as_json)
        raise typer.Exit(Exit.FAILED)
    if dry_run:
        _end(adoption, shown, "Nothing was written or imported: --dry-run.", as_json=as_json)
        return
    if not yes:
        _confirm(adoption)
    _carry_out(root, adoption)
    text = f"Imported into stack {stack}. `rollout preview {stack}` shows what the next up changes."
    _end(adoption, shown, text, as_json=as_json, imported=True)


def _end(
    adoption: Adoption, shown: Console, text: str, *, as_json: bool, imported: bool = False
) -> None:
    shown.print(text, soft_wrap=True)
    if as_json:
        sys.stdout.write(json.dumps(report.as_json(adoption, imported=imported), indent=2) + "\n")


def _confirm(adoption: Adoption) -> None:
    names = ", ".join(one.name for one in adoption.candidates)
    if not sys.stdin.isatty():
        raise RolloutError(f"Adopt {names}: add --yes, since nobody can confirm here.")
    typer.confirm(f"Adopt {names} into stack {adoption.stack}?", abort=True, err=True)


def _carry_out(root: Path, adoption: Adoption) -> None:
    """Write the file, then import; if the program fails with the file, the old one is put back.

    Raises:
        RolloutError: it failed.
    """
    check_unchanged(adoption.path, adoption.before)
    with tempfile.TemporaryDirectory(prefix="rollout-") as folder:
        file = Path(folder) / "import.json"
        replace(adoption.path, adoption.after)
        if error := _run(Operation.PREVIEW, root, adoption.stack, file):
            replace(adoption.path, adoption.before)
            named = (
                error if error.startswith(adoption.path.name) else f"{adoption.path.name}: {error}"
            )
            raise RolloutError(*named.splitlines(), "The file is as it was before.")
        missing = json.loads(file.read_text("utf-8")) if file.exists() else {}
        spec = import_spec(missing, adoption.candidates, adoption.stack, read_project(root).name)
        file.write_text(json.dumps(spec), "utf-8")
        if error := _run(Operation.ADOPT, root, adoption.stack, file):
            raise RolloutError(
                *f"{adoption.stack}: {error}".splitlines(),
                f"{adoption.path.name} is written, but not all is imported: run the command again.",
            )


def _run(operation: Operation, root: Path, stack: str, file: Path) -> str | None:
    """Run one operation on the stack; return what is wrong."""
    run = Run(operation, root, Options((stack,)), imports=file)
    quiet = Console(stderr=True, quiet=True)
    found = carry_out(run, quiet)
    if found.signal is not None:
        return "interrupted"
    return found.results[stack].error
