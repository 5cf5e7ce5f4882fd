"""The commands that run a job's command: `run` as an identity, `learn` to see what it needs.

Both end with the command's exit code: 127 if there is no such command, 126 if it can't be started,
128 and the signal's number if a signal ended it. 125 means that the sandbox could not run it.
"""
# ruff: noqa: PLR0913 - an option each

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from mypy_boto3_s3 import S3Client
from typer.core import TyperCommand

from components.aws.bucket_names import wrong_name
from components.circleci.asked_job import Asked
from sandbox import lifecycle
from sandbox.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION, RECORDED, credentials_of
from sandbox.authorization.record import Call, end, read
from sandbox.clients import Credentials, clients_of
from sandbox.engine import Engine
from sandbox.folder import Folder
from sandbox.jobs import child, learned, report
from sandbox.jobs.compare import compare
from sandbox.jobs.identity import credentials, running_for
from sandbox.jobs.learned import Learned
from sandbox.jobs.report import Ran
from sandbox.jobs.token import Organization, Origin, Project, Ref, User, Webhook, errors_told
from sandbox.lifecycle import Look, SandboxError
from sandbox.preparing import make_buckets, prepare
from sandbox.stacks import SandboxStack, find_stack, project_root

JOB: Final = {"allow_interspersed_args": False}
"""Settings of a command that takes another command with its own options."""
_WRONG: Final = 125
_USAGE: Final = 2

Command = Annotated[
    list[str], typer.Argument(metavar="COMMAND", help="The command and its arguments.")
]


class JobCommand(TyperCommand):
    """Ends with 125 for a wrong option too: 2 could be the exit code of the command that runs."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - typer's own types
        try:
            return super().make_context(*args, **kwargs)
        except Exception as error:
            if getattr(error, "exit_code", None) == _USAGE:  # typer has no public name for it
                vars(error)["exit_code"] = _WRONG
            raise


def run(
    command: Command,
    *,
    identity: Annotated[str, typer.Option("--identity", "-i", help="Its name in the config.")],
    stack: Annotated[str, typer.Option("--stack", "-s", help="The identity's stack.")] = "dev",
    organization: Organization = None,
    project: Project = None,
    user: User = None,
    origin: Origin = None,
    ref: Ref = None,
    webhook: Webhook = False,
    output: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.")
    ] = None,
) -> None:
    """Run a command as an identity of a deployed stack, and tell which calls were refused.

    For a role, a job of CircleCI assumes it. What the options leave out of the job is taken from
    the role's trust.

    The exit code is the command's; 125 if it can't be run as this identity.
    """
    folder = Folder.current()
    with errors_told(_WRONG):
        _check_writable(output)
        found = find_stack(project_root(), stack)
        settings = found.identity(identity)
        engine = Engine(folder, running_for(found, folder), found)
        asked = Asked(organization, project, user, origin, ref, webhook=webhook)
        given = credentials(engine, identity, asked)
        code, calls = _run(folder, engine.running, given, found.region, command)
        ran = Ran(found.name, identity, settings, code, tuple(calls))
        for line in report.as_lines(ran):
            typer.echo(line, err=True)
        if output is not None:
            _write(output, _json(report.as_json(ran)))
    raise typer.Exit(code)


def learn(
    command: Command,
    *,
    buckets: Annotated[
        list[str] | None,
        typer.Option("--bucket", "-b", help="A bucket that the command uses; made if missing."),
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option("--stack", "-s", help="Run in this stack's account, with its buckets."),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--identity", "-i", help="Compare with the grants of this identity."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the grants there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, not YAML.")] = False,
) -> None:
    """Run a command that may make any call, and print the grants that its calls need.

    Starts the sandbox if needed. Without --output the command's own output goes to standard error,
    so that standard output is the grants alone.

    The exit code is the command's; 125 if it can't be run.
    """
    folder = Folder.current()
    with errors_told(_WRONG):
        _check_writable(output)
        names = buckets or ()
        _check_learn(names, identity, stack)
        found = find_stack(project_root(), stack) if stack else None
        held = found.identity(identity).grants if found and identity else ()
        before, running = lifecycle.start(folder)
        if before.state == "stale":
            typer.echo(f"The sandbox was broken: {before.fault}. A new one was started.", err=True)
        place = _prepared(folder, running, found, names)
        given = credentials_of(clients_of(running.aws_url), *place, session=_session_name())
        code, calls = _run(folder, running, given, place[1], command, to_stderr=output is None)
        seen = Learned(tuple(calls), tuple(_missing(running, place, calls)))
        compared = None
        if found and identity:
            compared = learned.comparison_json(found.name, identity, compare(held, seen.needs))
        _print(seen, compared, output, as_json=as_json)
    raise typer.Exit(code)


def _check_learn(buckets: Iterable[str], identity: str | None, stack: str | None) -> None:
    wrong = [f"--bucket: '{name}' {why}" for name in buckets if (why := wrong_name(name))]
    if identity is not None and stack is None:
        wrong.append("--identity: name its stack with --stack")
    if wrong:
        raise SandboxError("\n".join(wrong))


def _print(
    seen: Learned, compared: dict[str, Any] | None, output: Path | None, *, as_json: bool
) -> None:
    text = _json(learned.as_json(seen, compared)) if as_json else learned.as_yaml(seen, compared)
    if output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)
        typer.echo(f"{seen.notes[0]} {output} has the grants.", err=True)


def _run(
    folder: Folder,
    running: Look,
    given: Credentials,
    region: str,
    command: Sequence[str],
    *,
    to_stderr: bool = False,
) -> tuple[int, list[Call]]:
    """Run a command with credentials; return its exit code, and the calls that were made with them.

    Raises:
        typer.Exit: it can't be started, which is told.
    """
    begin = end(folder.calls)
    environment = child.variables(running.aws_url, given, region)
    try:
        code = child.run(command, environment, to_stderr=to_stderr)
    except child.NotStartedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.code) from None
    own = [one for one in read(folder.calls, begin) if one.access_key_id == given.access_key]
    return code, own


def _prepared(
    folder: Folder, running: Look, stack: SandboxStack | None, buckets: Sequence[str]
) -> tuple[str, str]:
    """Make the buckets; return the account and the region that the command runs in."""
    place = (stack.account, stack.region) if stack else (DEFAULT_ACCOUNT, DEFAULT_REGION)
    made = prepare(folder, running, [stack] if stack else [], buckets=True)
    s3 = _s3(running, place)
    created = [one for some in made.values() for one in some]
    created += make_buckets(s3, place[1], buckets)
    if taken := [name for name in buckets if name not in _there(s3)]:
        raise SandboxError(
            f"--bucket: another account of the sandbox has {', '.join(taken)}; "
            "--stack NAME runs the command in the account of a stack"
        )
    if created:
        typer.echo(f"Created the buckets: {', '.join(created)}.", err=True)
    return place


def _missing(running: Look, place: tuple[str, str], calls: Iterable[Call]) -> Iterator[str]:
    """The buckets that calls name and that are not there."""
    named = {one.bucket for one in calls if one.bucket and one.status == learned.NOT_FOUND}
    yield from sorted(named - _there(_s3(running, place)))


def _s3(running: Look, place: tuple[str, str]) -> S3Client:
    clients = clients_of(running.aws_url)
    return clients.get("s3", credentials_of(clients, *place), place[1])


def _there(s3: S3Client) -> set[str]:
    return {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def _session_name() -> str:
    return f"{RECORDED}{secrets.token_hex(4)}"


def _check_writable(file: Path | None) -> None:
    """Find out before the command runs whether a file can be written."""
    if file is not None:
        place = file if file.exists() else file.absolute().parent
        if file.is_dir() or not os.access(place, os.W_OK):
            raise SandboxError(f"{file}: no file can be written there")


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
