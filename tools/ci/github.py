"""The pull request that a CI job is for, and the few calls to GitHub's API that a comment needs.

https://docs.github.com/en/rest/issues/comments, https://docs.github.com/en/rest/pulls/pulls and
https://docs.github.com/en/graphql/reference/objects#issuecomment. The variables of a job:
https://docs.github.com/en/actions/reference/workflows-and-actions/variables and
https://circleci.com/docs/reference/variables/
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

API: Final = "https://api.github.com"
_SECONDS: Final = 30
_NEEDS: Final = "the token needs to write pull requests"
# A token goes over TLS, or to this machine in a test.
_TRUSTED: Final = re.compile(r"https://|http://127\.0\.0\.1[:/]")

# 100 is the most that GitHub gives at once.
_COMMENTS: Final = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      comments(first: 100, after: $after) {
        nodes { id body viewerDidAuthor }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
_EDIT: Final = """
mutation($id: ID!, $body: String!) {
  updateIssueComment(input: {id: $id, body: $body}) { issueComment { url } }
}
"""


class GitHubError(Exception):
    """GitHub did not do what was asked; the message is complete as it stands."""


@dataclass(frozen=True)
class GitHub:
    """One repository, `owner/name`, through a token.

    `api` is the root of the REST API; a GitHub Enterprise Server has its own.
    """

    repository: str
    token: str = field(repr=False)
    api: str = API

    def own_comments(self, number: int) -> Iterator[Mapping[str, Any]]:
        """Yield the comments on a pull request that the token's own identity wrote, oldest first.

        Only GitHub's GraphQL API says whose they are for every kind of token (`viewerDidAuthor`;
        `gh pr comment --edit-last` goes by it: cli/cli#6384). The REST API names a comment's
        author, but refuses to say who the token is where it is one of GitHub Actions or of a
        GitHub App: https://docs.github.com/en/rest/users/users#get-the-authenticated-user
        """
        owner, _, name = self.repository.partition("/")
        after = None
        while True:
            variables = {"owner": owner, "name": name, "number": number, "after": after}
            found = self._graphql(_COMMENTS, variables)["repository"]["pullRequest"]["comments"]
            yield from (one for one in found["nodes"] if one["viewerDidAuthor"])
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def create_comment(self, number: int, body: str) -> str:
        return str(self._call("POST", f"issues/{number}/comments", {"body": body})["html_url"])

    def edit_comment(self, comment: str, body: str) -> str:
        edited = self._graphql(_EDIT, {"id": comment, "body": body})
        return str(edited["updateIssueComment"]["issueComment"]["url"])

    def pull_request_of(self, branch: str) -> int | None:
        """Return the newest open pull request from a branch of this repository."""
        head = f"{self.repository.split('/')[0]}:{branch}"
        found = self._call(
            "GET", "pulls?" + urllib.parse.urlencode({"state": "open", "head": head})
        )
        return int(found[0]["number"]) if found else None

    def _graphql(self, query: str, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        # A GitHub Enterprise Server has REST at /api/v3 and this at /api/graphql.
        url = f"{self.api.rstrip('/').removesuffix('/v3')}/graphql"
        answer = self._send("POST", url, {"query": query, "variables": variables})
        if errors := answer.get("errors"):
            raise GitHubError(f"GitHub answered to {url}: {errors[0]['message']}; {_NEEDS}")
        return answer["data"]

    def _call(self, method: str, path: str, content: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - same
        url = f"{self.api.rstrip('/')}/repos/{self.repository}/{path}"
        return self._send(method, url, content)

    def _send(self, method: str, url: str, content: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - same
        if not _TRUSTED.match(url):
            raise GitHubError(
                f"'{self.api}' is not an https address, so the token is not sent there"
            )
        request = urllib.request.Request(  # noqa: S310 - its scheme was checked
            url,
            data=None if content is None else json.dumps(content).encode(),
            method=method,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "circleci-s3-access",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - same
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise GitHubError(f"GitHub answered {_refusal(error)} to {method} {url}") from None
        except (OSError, ValueError) as error:
            raise GitHubError(f"{method} {url} failed: {error}") from None


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        words = json.load(error)["message"]
    except (OSError, ValueError, KeyError, TypeError):
        words = error.reason
    # GitHub hides what a token may not see behind a 404.
    hint = f"; {_NEEDS}" if error.code in {403, 404} else ""
    return f"{error.code} ({words}{hint})"


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
