"""`python3 -m tools.ci.comment FILE`: writes a file into one comment on a pull request.

The comment begins with a marker that nobody sees. The first run makes it; every later one finds it
and edits it in place, so that a pull request with fifty pushes has one comment and no fifty mails.
A comment that somebody else wrote is never edited, whatever it begins with.

It takes GITHUB_TOKEN from the environment, and from GitHub Actions' or CircleCI's own variables
which pull request it is.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rollout.reporting.comment_format import GITHUB_TAKES, marker
from tools.ci.github import GitHubError, PullRequest, find_pull_request

_CUT: Final = "\n\n*The rest is too long for a comment; the job has all of it.*"
_NONE: Final = "*There is no preview of this commit; the job says why.*"


def body(pull_request: PullRequest, name: str, text: str) -> str:
    """Return a comment: marker, text, and which commit it is of. Too long a text is cut."""
    text = text if text.strip() else _NONE
    head = "" if text.startswith(marker(name)) else f"{marker(name)}\n"
    foot = f"\n\n<sub>{pull_request.commit[:9]} · [job]({pull_request.job})</sub>\n"
    room = GITHUB_TAKES - len(head) - len(foot)
    if len(text) > room:
        text = text[: room - len(_CUT)].rpartition("\n")[0] + _CUT
    return head + text + foot


def write(pull_request: PullRequest, name: str, text: str) -> str:
    """Edit the comment of this name, or make it; return its address.

    Raises:
        GitHubError: GitHub refused.
    """
    github, number = pull_request.github, pull_request.number
    wanted = body(pull_request, name, text)
    # Only its own: whoever wrote another one could change later what approvers read. And with the
    # marker at the very start: in a comment that quotes it, the marker is elsewhere.
    for comment in github.own_comments(number):
        if comment["body"].startswith(marker(name)):
            return github.edit_comment(comment["id"], wanted)
    return github.create_comment(number, wanted)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command line and return its exit code: 1 where the comment could not be written."""
    parser = argparse.ArgumentParser(
        "python3 -m tools.ci.comment", description=__doc__.split("\n")[0]
    )
    parser.add_argument("file", type=Path, help="Markdown: the comment's text")
    parser.add_argument("--name", default="preview", help="which comment it is [preview]")
    given = parser.parse_args(arguments)
    try:
        pull_request = find_pull_request(environment)
        if pull_request is None:
            sys.stderr.write("There is no open pull request, so no comment either.\n")
            return 0
        text = given.file.read_text(encoding="utf-8")
        sys.stderr.write(f"{write(pull_request, given.name, text)}\n")
    except (GitHubError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
