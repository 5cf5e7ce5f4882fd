"""`python -m toolchain`: gets the Pulumi engine if need be and says in one line which it is."""

import signal
import sys
from pathlib import Path

from toolchain import ToolchainError, ensure

_INTERRUPTED = 130


def main() -> int:
    """Returns the exit code."""
    # What is under way is stopped and cleaned up on SIGTERM as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        directory = ensure()
    except ToolchainError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run it again to go on\n")
        return _INTERRUPTED
    here = Path.cwd()
    shown = directory.relative_to(here) if directory.is_relative_to(here) else directory
    sys.stdout.write(f"Pulumi engine: {shown}/pulumi\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
