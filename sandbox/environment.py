"""The environment variables with which `pulumi`, `aws` and boto3 use the sandbox."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final

from sandbox import shim
from sandbox.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION, ROLE_ARN, credentials_of
from sandbox.clients import clients_of
from sandbox.folder import CHECKOUT, Folder
from sandbox.lifecycle import Look, SandboxError
from sandbox.ownership import LOOPBACK
from sandbox.stacks import SandboxStack
from tools import toolchain

SHIM: Final = CHECKOUT / "sandbox" / "bin"
_PLUGIN: Final = "pulumi-resource-aws"
_SHIM_MARK: Final = "SANDBOX_PYTHON"


class Provider(Enum):
    """What the engine uses as the AWS provider."""

    STAND_IN = "stand-in"
    PLUGIN = "plugin"
    """The plugin that is installed, on PATH or in PULUMI_HOME."""


def environment(
    folder: Folder,
    running: Look,
    stack: SandboxStack | None,
    provider: Provider = Provider.STAND_IN,
) -> dict[str, str]:
    """Return the variables to set, for the account and region of a stack or of moto's default.

    Raises:
        SandboxError: there is no Pulumi CLI, or no plugin where one is to be used.
    """
    account = stack.account if stack else DEFAULT_ACCOUNT
    region = stack.region if stack else DEFAULT_REGION
    credentials = credentials_of(clients_of(running.aws_url), account, region)
    path = _path_without_shims()
    plugin = [_plugin_folder(path)] if provider is Provider.PLUGIN else []
    made = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token or "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": running.aws_url,
        "AWS_CONFIG_FILE": str(folder.aws_files / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder.aws_files / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy(),
        "no_proxy": no_proxy(),
        "PULUMI_BACKEND_URL": folder.state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": shim.PASSPHRASE,
        "PULUMI_DEBUG_PROVIDERS": "" if plugin else f"aws:{running.ports['standin']}",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder.pulumi_home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": os.pathsep.join([str(SHIM), path, *plugin]),
        "SANDBOX_ACCOUNT_ROLE": ROLE_ARN,
        "SANDBOX_DIR": str(folder.root),
        "SANDBOX_INSTANCE": folder.instance.read_text(),
        "SANDBOX_PULUMI": _pulumi(path),
        "SANDBOX_PYTHON": sys.executable,
    }
    return made | ({"PULUMI_STACK": stack.name} if stack else {})


def for_process(made: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment for a child process."""
    return {n: v for n, v in os.environ.items() if n not in _in_the_way(made)} | dict(made)


def as_shell(made: Mapping[str, str]) -> str:
    """Return lines for a POSIX shell to eval; they unset the user's own AWS variables too."""
    lines = [f"unset {name}" for name in sorted(_in_the_way(made))]
    return "\n".join([*lines, *(f"export {n}={shlex.quote(v)}" for n, v in made.items())])


def _in_the_way(made: Mapping[str, str]) -> set[str]:
    """Return the user's AWS variables, with which calls would not reach the sandbox."""
    return {name for name in os.environ if name.startswith("AWS_") and name not in made}


def no_proxy() -> str:
    """Return the hosts to reach without a proxy: the user's, and this machine."""
    users = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return ",".join(dict.fromkeys([LOOPBACK, *filter(None, users.split(","))]))


def _path_without_shims() -> str:
    """Return PATH without any sandbox's own `pulumi`, with this Python's folder first."""
    own = str(Path(sys.executable).parent)
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    others = [e for e in entries if e and e != own and not _has_shim(Path(e))]
    return os.pathsep.join([own, *others])


def _has_shim(folder: Path) -> bool:
    try:
        with (folder / "pulumi").open("rb") as file:
            return _SHIM_MARK.encode() in file.read(400)
    except OSError:
        return False


def _plugin_folder(path: str) -> str:
    """Return the folder of the installed AWS provider: on PATH, else the newest in PULUMI_HOME.

    Raises:
        SandboxError: there is none; it is not downloaded.
    """
    if found := shutil.which(_PLUGIN, path=path):
        return str(Path(found).parent)
    homes = [Path(named) for named in (os.environ.get("PULUMI_HOME"),) if named]
    homes.append(Path.home() / ".pulumi")
    for home in homes:
        installed = [one.parent for one in home.glob(f"plugins/resource-aws-v*/{_PLUGIN}")]
        if installed:
            return str(max(installed, key=_version))
    places = " or ".join(str(home / "plugins") for home in homes)
    raise SandboxError(
        f"--provider plugin: there is no {_PLUGIN} on PATH or in {places}; "
        "`pulumi plugin install resource aws` installs it"
    )


def _version(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.name)]


def _pulumi(path: str) -> str:
    try:
        return str(toolchain.locate(path).pulumi)
    except toolchain.ToolchainError as error:
        raise SandboxError(str(error)) from error
