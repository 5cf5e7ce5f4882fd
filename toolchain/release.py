"""The official Pulumi release, through the Automation API's installer.

The installer downloads with a script of its own, has no time limit and prints a lot. So it
runs in a process that can be stopped: `python -m toolchain.release FOLDER VERSION`.
"""

import socket
import subprocess
import sys
from pathlib import Path

from toolchain.pins import ROOT, Version
from toolchain.steps import Console, run

# A machine without that network should lose seconds, a slow one needs its minutes.
_CONNECT_SECONDS = 10
_DOWNLOAD_SECONDS = 600


def download(folder: Path, version: Version, log: Path, console: Console) -> None:
    """Puts the release into `folder/bin`; raises StepError with the reason if it can't."""
    console.say(f"Pulumi {version}: downloading the official release…")
    argv = [sys.executable, "-m", "toolchain.release", str(folder), str(version)]
    run(argv, cwd=ROOT, log=log, console=console, limit=_DOWNLOAD_SECONDS)


def _install(folder: str, version: str) -> str:
    """Installs in this process and gives what went wrong, in one line."""
    # Late, so that only this process pays for loading the SDK.
    from pulumi.automation import PulumiCommand  # noqa: PLC0415
    from semver import VersionInfo  # noqa: PLC0415

    socket.setdefaulttimeout(_CONNECT_SECONDS)
    try:
        PulumiCommand.install(root=folder, version=VersionInfo.parse(version))
    except subprocess.CalledProcessError as error:
        lines = error.output.decode(errors="replace").split("\n") if error.output else []
        return next((line for line in reversed(lines) if line.strip()), str(error))
    except Exception as error:  # noqa: BLE001 -- whatever it is, the Go build comes next
        reason = str(error).removeprefix("<urlopen error ").removesuffix(">")
        return " ".join(reason.split()) or type(error).__name__
    return ""


if __name__ == "__main__":
    sys.exit(_install(sys.argv[1], sys.argv[2]) or 0)
