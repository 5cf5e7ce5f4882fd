"""The pinned engine built from source with Go, where no release can be had.

Go checks every module against the go.sum files beside this one, and against its checksum
database where the user has not turned that off.
"""

import os
import shutil
import subprocess
from pathlib import Path

from toolchain.pins import CLI_MODULE, HOST_MODULE, Version, needed_go, pinned_version
from toolchain.probe import HOST, PULUMI, SHIM
from toolchain.steps import Console, StepError, run

_CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_HOST_PACKAGE = f"{_SDK}/python/cmd/pulumi-language-python"
_VERSION_VARIABLE = f"{_SDK}/go/common/version.Version"
# No C compiler is needed, and a go.work above the checkout changes nothing.
_ENV = {"CGO_ENABLED": "0", "GOWORK": "off"}


def build(folder: Path, version: Version, log: Path, console: Console) -> None:
    """Builds the CLI and the language host into `folder/bin`.

    Raises:
        StepError: Go is missing or could not build; the reason is Go's last line.
    """
    go = shutil.which("go")
    if go is None:
        raise StepError(f"there is no go (of {needed_go()} or newer) on PATH")
    out = folder / "bin"
    out.mkdir()
    console.say(
        f"Pulumi {version}: building it from source with {go}; about two minutes the first time…"
    )
    for package, module, name in (
        (_HOST_PACKAGE, HOST_MODULE, HOST),
        (_CLI_PACKAGE, CLI_MODULE, PULUMI),
    ):
        told = f"{_VERSION_VARIABLE}=v{pinned_version(module)}"
        flags = ["-mod=readonly", "-trimpath", f"-ldflags=-s -w -X {told}"]
        argv = [go, "build", *flags, "-o", str(out / name), package]
        run(argv, cwd=module, log=log, console=console, env=_ENV)
    # The host's own module is older than the SDK: its shim comes with the CLI's.
    shutil.copyfile(_sdk_folder(go) / "python/cmd" / SHIM, out / SHIM)
    (out / SHIM).chmod(0o755)


def _sdk_folder(go: str) -> Path:
    argv = [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", _SDK]
    env = {**os.environ, **_ENV}
    try:
        listed = subprocess.run(
            argv, cwd=CLI_MODULE, env=env, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise StepError(f"{_SDK} is not among Go's modules: {error}") from error
    return Path(listed.stdout.strip())
