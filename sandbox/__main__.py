"""`python -m sandbox`."""

import sys

try:
    from sandbox.cli import app
except ModuleNotFoundError as error:
    sys.exit(
        f"error: this Python has no {error.name}; `make venv` installs all that is needed, then "
        "it is .venv/bin/python -m sandbox"
    )

app(prog_name="python -m sandbox")
