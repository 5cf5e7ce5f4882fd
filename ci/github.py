"""The few calls to GitHub's REST API that a comment needs, through the standard library.

https://docs.github.com/en/rest/issues/comments and https://docs.github.com/en/rest/pulls/pulls.
"""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

API: Final = "https://api.github.com"
PAGE: Final = 100
"""Items to a page: the most that GitHub gives."""
_SECONDS: Final = 30
# A token goes over TLS, or to this machine in a test.
_TRUSTED: Final = re.compile(r"https://|http://127\.0\.0\.1[:/]")


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

    def comments(self, number: int) -> Iterator[Mapping[str, Any]]:
        """Yield the comments of a pull request, the oldest first, page by page."""
        yield from self._pages(f"issues/{number}/comments")

    def create_comment(self, number: int, body: str) -> str:
        """Write a new comment and return its address."""
        return str(self._call("POST", f"issues/{number}/comments", {"body": body})["html_url"])

    def edit_comment(self, comment: int, body: str) -> str:
        """Replace a comment's text and return its address."""
        return str(self._call("PATCH", f"issues/comments/{comment}", {"body": body})["html_url"])

    def pull_request_of(self, branch: str) -> int | None:
        """Return the newest open pull request from a branch of this repository."""
        head = f"{self.repository.split('/')[0]}:{branch}"
        found = self._call(
            "GET", "pulls?" + urllib.parse.urlencode({"state": "open", "head": head})
        )
        return int(found[0]["number"]) if found else None

    def _pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        page: list[Mapping[str, Any]] = [{}] * PAGE
        number = 0
        while len(page) == PAGE:
            number += 1
            page = self._call("GET", f"{path}?per_page={PAGE}&page={number}")
            yield from page

    def _call(self, method: str, path: str, content: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - any JSON value
        url = f"{self.api.rstrip('/')}/repos/{self.repository}/{path}"
        if not _TRUSTED.match(url):
            raise GitHubError(f"'{self.api}' is no https address: the token is not sent there")
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
    hint = "; the token needs to write pull requests" if error.code in {403, 404} else ""
    return f"{error.code} ({words}{hint})"
