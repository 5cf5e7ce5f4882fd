"""`python -m tools.toolchain`: gets the Pulumi CLI if need be and says in one line which it is."""

import signal
import sys
from pathlib import Path

from tools.toolchain.ensure import ensure
from tools.toolchain.pulumi_cli import ToolchainError

_INTERRUPTED = 130


def main() -> int:
    # SIGTERM stops and cleans up what is under way, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli = ensure()
    except ToolchainError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; run it again to go on.\n")
        return _INTERRUPTED
    here = Path.cwd()
    pulumi = cli.pulumi
    shown = pulumi.relative_to(here) if pulumi.is_relative_to(here) else pulumi
    sys.stdout.write(f"Pulumi {cli.version}: {shown}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
