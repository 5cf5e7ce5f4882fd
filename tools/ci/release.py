"""`python3 -m tools.ci.release`: the notes of the release that pyproject.toml names.

The first line is the tag; the notes follow. The exit code is 1, with a reason, if the changelog has
no section for the version, or the package's schema has another version. It needs Python alone.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def release(root: Path) -> tuple[str, str]:
    """The tag and the notes.

    Raises:
        ValueError: The files do not name the same version.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    schema = json.loads((root / "plugin" / "schema.json").read_text(encoding="utf-8"))
    if schema["version"] != version:
        raise ValueError(
            f"plugin/schema.json is of version {schema['version']}, pyproject.toml of {version}; "
            "write the schema anew (CONTRIBUTING.md)"
        )
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## {re.escape(version)}( [^\n]*)?\n(?P<notes>.*?)(?=^## |\Z)"
    section = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    if section is None or not (notes := section["notes"].strip()):
        raise ValueError(f"CHANGELOG.md has no section '## {version}' with notes")
    return f"v{version}", notes


def main() -> int:
    """Print the tag and the notes, and return the exit code."""
    try:
        tag, notes = release(ROOT)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{tag}\n{notes}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
