"""The pinned Pulumi CLI built with Go, which verifies each module against go.sum."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from rich.console import Console

from tools.toolchain import pulumi_cli
from tools.toolchain.pulumi_cli import CLI_MODULE, EXEC, HOST, MODULES, PULUMI, ToolchainError

HOST_MODULE: Final = MODULES / "language-python"
_SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
_BUILDS: Final = (
    (HOST, HOST_MODULE, f"{_SDK}/python/cmd/pulumi-language-python"),
    (PULUMI, CLI_MODULE, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"),
)
_COMPILE: Final = "-gcflags=all=-dwarf=false"
"""Makes no debug information, which -s and -w would drop: it takes a tenth of the time."""
_ENV: Final = {
    # No C compiler is needed, and a go.work above the checkout changes nothing.
    "CGO_ENABLED": "0",
    "GOWORK": "off",
    # The compiler collects garbage less often, as long as it needs less than a gigabyte.
    "GOGC": "400",
    "GOMEMLIMIT": "1GiB",
}


def build(folder: Path) -> None:
    """Build the CLI and the language host into the folder's `bin`.

    Raises:
        ToolchainError: there is no Go, or it failed; its last line says why.
    """
    if shutil.which("go") is None:
        raise ToolchainError(f"there is no go (of {pulumi_cli.needed_go()} or newer) on PATH")
    with Console(stderr=True).status("go build"):
        for name, module, package in _BUILDS:
            version = pulumi_cli.pinned_version(module)
            link = f"-ldflags=-s -w -X {_SDK}/go/common/version.Version=v{version}"
            out = f"{folder}/bin/{name}"
            _go(folder, module, "build", "-trimpath", _COMPILE, link, "-o", out, package)
    # The language host's module is older than the SDK; its script comes with the CLI's SDK.
    sdk = _go(folder, CLI_MODULE, "list", "-m", "-f", "{{.Dir}}", _SDK)
    shutil.copyfile(f"{sdk}/python/cmd/{EXEC}", folder / "bin" / EXEC)
    (folder / "bin" / EXEC).chmod(0o755)


def _go(folder: Path, module: Path, command: str, *args: str) -> str:
    # What a killed Go leaves behind goes with our folder.
    env = {**os.environ, **_ENV, "GOTMPDIR": str(folder)}
    argv = ["go", command, "-mod=readonly", *args]
    done = subprocess.run(argv, cwd=module, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ToolchainError(f"go {command}: {lines[-1].strip()}")
    return done.stdout.strip()
