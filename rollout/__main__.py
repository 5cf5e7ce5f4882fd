"""`python -m rollout`."""

import sys

try:
    try:
        from rollout.cli import main
    except ModuleNotFoundError as error:
        sys.exit(
            f"error: this Python has no {error.name}; `make venv` installs all that is needed, "
            "then it is .venv/bin/python -m rollout"
        )
    code = main()
except KeyboardInterrupt:  # while the program is loaded
    sys.stderr.write("\nInterrupted.\n")
    code = 130
sys.exit(code)
