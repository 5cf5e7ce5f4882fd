"""The report at the end of `up`: what was created, who may do what, what to run next."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from components.settings import Role, User
from components.settings.model import Grant
from sandbox.stacks import SandboxStack


def show(console: Console, stack: SandboxStack, outputs: Mapping[str, Any]) -> None:
    """Print the report of a deployed stack; secrets in `outputs` are masked."""
    console.print(Group(*_parts(console, stack, outputs.get("identities", {}))))


def _parts(
    console: Console, stack: SandboxStack, made: Mapping[str, Any]
) -> Iterator[RenderableType]:
    table = Table(
        box=box.SIMPLE_HEAD if console.is_terminal else None,
        pad_edge=False,
    )
    for heading in ("identity", "kind", "may", "where"):
        table.add_column(heading, overflow="fold")
    for name, identity in stack.file.settings().identities.items():
        for number, grant in enumerate(identity.grants):
            first = number == 0
            table.add_row(
                name if first else "", identity.kind if first else "", _words(grant), _where(grant)
            )
    yield Text(f"{stack.name}: account {stack.account}, {stack.region} (moto, not AWS)", "italic")
    yield table
    for name, identity in stack.file.settings().identities.items():
        yield from _more(name, identity, made.get(name, {}))
    yield Text("\nNext:")
    yield Text("\n".join(f"  {line}" for line in _next(stack)))


def _words(grant: Grant) -> str:
    return ", ".join([*grant.access, *grant.actions])


def _where(grant: Grant) -> str:
    return "\n".join(f"{grant.bucket}/{prefix}*" for prefix in grant.prefixes or ("",))


def _more(name: str, identity: User | Role, made: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield what a job needs to know of an identity."""
    yield Text(f"\n{name}: {made.get('arn', 'not created')}")
    if "accessKeyId" in made:
        yield Text(f"  access key {made['accessKeyId']}, its secret is an output of the stack")
    if isinstance(identity, Role):
        yield Text("  assumed by CircleCI jobs; its output circleciConfig has a job that does it")


def _next(stack: SandboxStack) -> list[str]:
    python = _python()
    named = "" if stack.name == "dev" else f" --stack {stack.name}"
    return [
        f'eval "$({python} -m sandbox env{named})"',
        "    sets up this shell, where pulumi and any AWS tool then use the sandbox:",
        "    pulumi preview; pulumi stack output --show-secrets; aws s3 ls",
        f"{python} -m sandbox up{named}",
        f"    deploys a change of {stack.file.path.name}",
        f"{python} -m sandbox stop",
        "    stops the sandbox and deletes everything in it",
    ]


def _python() -> str:
    """Return the shortest path of this Python."""
    python = Path(sys.executable)
    here = Path.cwd()
    return str(python.relative_to(here)) if python.is_relative_to(here) else str(python)
