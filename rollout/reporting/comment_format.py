"""What the text of a comment on a pull request and the job that writes it both have to know.

It imports nothing but the standard library: that job installs nothing.
"""

from typing import Final

GITHUB_TAKES: Final = 65_536
"""Characters of a comment: GitHub's own words are "maximum is 65536 characters"."""


def marker(name: str) -> str:
    """Return a comment's first line, which is not shown; another name is another comment."""
    return f"<!-- circleci-s3-access: {name} -->"
