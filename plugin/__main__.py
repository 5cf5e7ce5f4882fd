"""Serves the package to Pulumi, whose language host starts this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi.provider import main

from plugin.package import provider

if __name__ == "__main__":
    main(provider(), sys.argv[1:])
