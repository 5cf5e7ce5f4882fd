"""The command line's options that several commands share, declared once."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, Final

import typer

from rollout.choosing.selection import Options
from rollout.choosing.shard import parse_shard

Globs = Annotated[
    list[str] | None, typer.Argument(metavar="[GLOB]...", help="Stacks, as with --stacks.")
]
Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stacks", "-s", metavar="GLOB...", help="Names or globs of stacks (default: all)."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Redact = Annotated[bool, typer.Option("--redact", help="Hide account ids in all output.")]

_UNITS: Final = {"s": "seconds", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Read a time such as 90d.

    Raises:
        typer.BadParameter: it is not one.
    """
    found = re.fullmatch(r"(\d{1,6})([shd])", text)
    if found is None:
        raise typer.BadParameter(f"'{text}' is not a time, such as 90d, 24h or 600s")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Command = Callable[..., Any]


def sharing(shared: Command) -> Callable[[Command], Command]:
    """Add the options of `shared` to a command, which gets its result as the first argument."""
    options = signature(shared).parameters

    def with_shared(command: Command) -> Command:
        @wraps(command)
        def with_options(**given: Any) -> Any:  # noqa: ANN401 - as the signature says
            return command(shared(**{name: given.pop(name) for name in options}), **given)

        _, *own = signature(command).parameters.values()
        every = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in (*options.values(), *own)]
        with_options.__signature__ = Signature(every)  # type: ignore[attr-defined]
        return with_options

    return with_shared


@sharing
def selecting(
    globs: Globs = None,
    stacks: Stacks = None,
    wave: Annotated[
        list[str] | None, typer.Option("--wave", help="Only stacks in this wave of rollout.yaml.")
    ] = None,
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Only stacks whose file changed since this commit; all if the program changed.",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Part for one of N machines: 0/4 to 3/4 [CIRCLE_NODE_INDEX/CIRCLE_NODE_TOTAL].",
        ),
    ] = None,
) -> Options:
    return Options(
        patterns=(*(stacks or ()), *(globs or ())),
        waves=tuple(wave or ()),
        changed_since=changed_since,
        shard=parse_shard(shard, os.environ),
    )
