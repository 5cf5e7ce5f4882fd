"""The command line's options that select stacks, declared once for all commands."""

import os
from collections.abc import Callable
from functools import wraps
from inspect import Signature, signature
from typing import Annotated, Any

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


def selecting(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of `_options` to a command, which gets them as its first argument."""
    shared = signature(_options).parameters
    _, *own = signature(command).parameters.values()

    @wraps(command)
    def with_options(**given: Any) -> None:  # noqa: ANN401 - as the signature says
        options = _options(**{name: given.pop(name) for name in shared})
        command(options, **given)

    with_options.__signature__ = Signature([*shared.values(), *own])  # type: ignore[attr-defined]
    return with_options


def _options(
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
