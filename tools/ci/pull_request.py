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

from tools.ci.github import API, GitHub, GitHubError

_URL: Final = re.compile(r"https://[^/]+/(?P<repository>[^/]+/[^/]+)/pull/(?P<number>\d+)")


@dataclass(frozen=True)
class PullRequest:
    """A pull request in its repository, and the job's commit and page."""

    github: GitHub
    number: int
    commit: str
    job: str


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
        return _in_actions(environment, token, api)
    if "CIRCLE_BRANCH" in environment:
        return _in_circleci(environment, token, api)
    raise GitHubError("This is not a job of GitHub Actions, nor of CircleCI on a branch")


def _in_actions(env: Mapping[str, str], token: str, api: str) -> PullRequest | None:
    event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    if (found := event.get("pull_request")) is None:
        return None
    repository = env["GITHUB_REPOSITORY"]
    job = f"{env['GITHUB_SERVER_URL']}/{repository}/actions/runs/{env['GITHUB_RUN_ID']}"
    # GITHUB_SHA is a merge that nobody has seen.
    github = GitHub(repository, token, api)
    return PullRequest(github, int(found["number"]), found["head"]["sha"], job)


def _in_circleci(env: Mapping[str, str], token: str, api: str) -> PullRequest | None:
    commit, job = env["CIRCLE_SHA1"], env["CIRCLE_BUILD_URL"]
    if (named := _URL.fullmatch(env.get("CIRCLE_PULL_REQUEST", ""))) is not None:
        github = GitHub(named["repository"], token, api)
        return PullRequest(github, int(named["number"]), commit, job)
    project = f"{env.get('CIRCLE_PROJECT_USERNAME')}/{env.get('CIRCLE_PROJECT_REPONAME')}"
    github = GitHub(env.get("GITHUB_REPOSITORY") or project, token, api)
    number = github.pull_request_of(env["CIRCLE_BRANCH"])
    return None if number is None else PullRequest(github, number, commit, job)
