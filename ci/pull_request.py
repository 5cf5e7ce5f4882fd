"""Which pull request a CI job is for, from what GitHub Actions and CircleCI tell a job.

https://docs.github.com/en/actions/reference/workflows-and-actions/variables and
https://circleci.com/docs/reference/variables/
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ci.github import API, GitHub, GitHubError

_URL: Final = re.compile(r"https://[^/]+/(?P<repository>[^/]+/[^/]+)/pull/(?P<number>\d+)")


@dataclass(frozen=True)
class PullRequest:
    """A pull request and the repository that it is in."""

    github: GitHub
    number: int


def find_pull_request(environment: Mapping[str, str]) -> PullRequest | None:
    """Return the pull request that this job is for, or None if there is none.

    CircleCI runs on a push, also before there is a pull request, and names none to projects of its
    GitHub App: then the open one of the job's branch is looked up, in GITHUB_REPOSITORY where the
    project has another name than the repository.

    Raises:
        GitHubError: the environment is no such job's, or the look-up failed.
    """
    token = environment.get("GITHUB_TOKEN", "")
    if not token:
        raise GitHubError("GITHUB_TOKEN is not set: a token that may write pull requests")
    api = environment.get("GITHUB_API_URL") or API
    if "GITHUB_EVENT_PATH" in environment:
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        number = event.get("pull_request", {}).get("number")
        github = GitHub(environment["GITHUB_REPOSITORY"], token, api)
        return None if number is None else PullRequest(github, int(number))
    if "CIRCLE_BRANCH" not in environment:
        raise GitHubError("This is no job of GitHub Actions or CircleCI on a branch")
    if (named := _URL.fullmatch(environment.get("CIRCLE_PULL_REQUEST", ""))) is not None:
        return PullRequest(GitHub(named["repository"], token, api), int(named["number"]))
    parts = ("CIRCLE_PROJECT_USERNAME", "CIRCLE_PROJECT_REPONAME")
    project = "/".join(environment.get(part, "") for part in parts)
    github = GitHub(environment.get("GITHUB_REPOSITORY") or project, token, api)
    found = github.pull_request_of(environment["CIRCLE_BRANCH"])
    return None if found is None else PullRequest(github, found)
