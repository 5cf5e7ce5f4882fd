"""`python3 -m ci.embed`: puts the workflows, as they are, into docs/ci.md to be copied from there.

A file is shown in the block after a line `<!-- file: PATH -->`; a test fails where one is not as it
is in the repository.
"""

import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs" / "ci.md"
_SHOWN: Final = re.compile(
    r"(?P<head><!-- file: (?P<path>\S+) -->\n```yaml\n).*?(?P<foot>^```$)", re.DOTALL | re.MULTILINE
)


def shown(text: str) -> list[str]:
    """Return the paths of the files that a text shows."""
    return [found["path"] for found in _SHOWN.finditer(text)]


def embed(text: str, root: Path = ROOT) -> str:
    """Return the text with each file in it as it is below `root`."""

    def fresh(found: re.Match[str]) -> str:
        content = (root / found["path"]).read_text(encoding="utf-8")
        return f"{found['head']}{content}{found['foot']}"

    return _SHOWN.sub(fresh, text)


def main() -> int:
    """Rewrite the page."""
    DOCS.write_text(embed(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
