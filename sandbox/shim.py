"""Runs the Pulumi CLI so that it leaves the user's stack files alone.

Every operation of the CLI needs a secrets manager. With a file backend that is a passphrase and a
salt, and the CLI writes the salt into `Pulumi.<stack>.yaml` (`GetSecretsManager` and
`getAndSaveSecretsManager` in its cmd/pulumi/stack/secrets.go and cmd/pulumi/config/io.go; also
with PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER). So a first `up` would change the user's checkout,
and a stack file with the salt or key of its real backend could not be used here. For that reason
`sandbox/bin/pulumi`, first on the sandbox's PATH, gives the CLI a new copy of the stack file, with
the sandbox's own salt, as `--config-file`, and creates the stack if it is missing. All other
commands go to the CLI as they are.

Newer CLIs (3.259.0) also read PULUMI_OPTION_CONFIG_FILE. That does not replace this file: one
variable in a shell holds for one stack, and with `--stack OTHER` the CLI would use the wrong file.

It runs before every command, so it uses the standard library only.
"""

import hashlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PASSPHRASE = "sandbox"  # noqa: S105 - what it protects is worth nothing outside the sandbox
SALT = "v1:PY0SwcWR5AM=:v1:8XIJWSnQQ5QUCrST:CyEvlelExzXU2ydAr7rc7K1DfLOJ7w=="
"""Made by the CLI for that passphrase."""
OPERATIONS = frozenset(
    (
        "preview",
        "pre",
        "up",
        "update",
        "refresh",
        "destroy",
        "down",
        "dn",
        "import",
        "watch",
        "logs",
    )
)
"""The CLI's commands that take --config-file and need a stack."""
_WITH_VALUE = frozenset(["-C", "--cwd", "--color", "-v", "--verbose", "--profiling", "--tracing"])
"""Flags before the command whose value is the next argument."""
_ANEW = 'run `python -m sandbox start` and `eval "$(python -m sandbox env)"`'
_SECRETS = re.compile(r"^(encryptionsalt|encryptedkey|secretsprovider):.*\n?", re.MULTILINE)
_NAME = re.compile(r"""^name:\s*["']?([\w.-]+)""", re.MULTILINE)


class ShimError(Exception):
    """A failure whose message is for the user."""


@dataclass(frozen=True)
class Command:
    """A command line of the CLI, as far as it matters here."""

    words: tuple[str, ...]
    """The words that are not flags: up; stack, init, dev."""
    project: Path | None
    """The folder of the project that the CLI will find."""
    stack: str | None
    has_config_file: bool


def parse(args: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Command:
    """Read a command line."""
    words: list[str] = []
    flags: dict[str, str] = {}
    rest = list(args)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            break
        if not argument.startswith("-"):
            words.append(argument)
            continue
        flag, given, value = argument.partition("=")
        if given or flag.startswith("--no"):
            flags[flag] = value
        elif flag in {"-s", "--stack", "--config-file"} | _WITH_VALUE and rest:
            flags[flag] = rest.pop(0)
    stack = flags.get("--stack", flags.get("-s", environment.get("PULUMI_STACK")))
    if words[:2] == ["stack", "init"]:
        stack = words[2] if len(words) > 2 else stack  # noqa: PLR2004 - stack init NAME
    return Command(
        words=tuple(words),
        project=_project(cwd / flags.get("--cwd", flags.get("-C", "."))),
        stack=stack.rsplit("/", 1)[-1] if stack else None,
        has_config_file="--config-file" in flags,
    )


def _project(start: Path) -> Path | None:
    """Find the project as the CLI does: here, then in each parent folder."""
    here = start.resolve()
    return next((one for one in (here, *here.parents) if (one / "Pulumi.yaml").exists()), None)


def copy_of(project: Path, stack: str, configs: Path) -> Path:
    """Copy a project's and a stack's file into a folder of their own; return the stack's copy.

    Raises:
        ShimError: the stack's file has values that only its real backend can decrypt, or is not
            UTF-8.
    """
    folder = configs / hashlib.sha256(str(project).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    original = project / f"Pulumi.{stack}.yaml"
    try:
        text = original.read_text(encoding="utf-8") if original.exists() else ""
    except UnicodeDecodeError:
        raise ShimError(f"{original.name} is not UTF-8; save it as UTF-8") from None
    if re.search(r"^\s*(- )?secure:", text, re.MULTILINE):
        raise ShimError(
            f"{original.name} has encrypted values (`secure:`), which only its own backend can "
            "decrypt; the sandbox can't deploy it",
        )
    lines = _SECRETS.sub("", text).splitlines()
    _write(folder / "Pulumi.yaml", (project / "Pulumi.yaml").read_text(encoding="utf-8"))
    copy = folder / original.name
    _write(copy, "\n".join([*lines, f"encryptionsalt: {SALT}", ""]))
    return copy


def _write(path: Path, text: str) -> None:
    """Write a file in one step: another run may be reading it."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def command_line(
    args: Sequence[str], environment: Mapping[str, str], cwd: Path
) -> tuple[list[str], list[str] | None]:
    """Return the command line for the CLI, and one to run before it if the stack is missing."""
    pulumi = environment["SANDBOX_PULUMI"]
    folder = Path(environment["SANDBOX_DIR"])
    asked = parse(args, environment, cwd)
    plain = [pulumi, *args]
    makes_stack = asked.words[:2] == ("stack", "init")
    operates = asked.words[:1] and asked.words[0] in OPERATIONS and not asked.has_config_file
    if asked.stack is None or asked.project is None or not (makes_stack or operates):
        return plain, None
    copy = copy_of(asked.project, asked.stack, folder / "configs")
    init = [pulumi, "stack", "init", asked.stack, "--secrets-provider", "passphrase"]
    # To select it would select it in the copied project only, and leave a note of that.
    init += ["--non-interactive", "--no-select", "--cwd", str(copy.parent)]
    if makes_stack:
        return init, None
    name = _NAME.search((asked.project / "Pulumi.yaml").read_text(encoding="utf-8"))
    project = name[1] if name else "?"
    known = folder / "state" / ".pulumi" / "stacks" / project / f"{asked.stack}.json"
    return [*plain, "--config-file", str(copy)], None if known.exists() else init


def check_instance(environment: Mapping[str, str]) -> None:
    """Check that the shell's sandbox is still running.

    Raises:
        ShimError: it was stopped, another one was started, or it no longer answers.
    """
    try:
        instance = Path(environment["SANDBOX_DIR"], "instance").read_text(encoding="utf-8")
    except (OSError, KeyError):
        instance = None
    if instance is None or instance != environment.get("SANDBOX_INSTANCE"):
        raise ShimError(
            f"this shell's sandbox is gone; {_ANEW}",
        )
    port = environment.get("AWS_ENDPOINT_URL", "").rpartition(":")[2]
    if port.isdecimal() and not _answers(int(port)):
        raise ShimError(
            f"the sandbox is broken: it no longer answers on port {port}, and everything in it is "
            f"lost; {_ANEW}",
        )


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def main(args: Sequence[str]) -> int:
    """Run the CLI in place of this process."""
    environment = os.environ
    try:
        # Programs that look for a usable CLI ask for its version. If that failed, they would take
        # the next CLI on PATH, which is not kept from the user's files.
        if list(args) != ["version"]:
            check_instance(environment)
        command, before = command_line(args, environment, Path.cwd())
        if before is not None:
            _make_stack(before)
    except ShimError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _make_stack(command: Sequence[str]) -> None:
    """Create a stack, unless another run has just created it."""
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode and "already exists" not in made.stderr:
        raise ShimError(made.stderr.strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
