"""GitHub's REST API as far as comments go, on this machine; it refuses what GitHub refuses."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

TOKEN: Final = "made-up"
OURS: Final = "github-actions"
"""Whose token it is, as GraphQL names it."""
LONGEST: Final = 65_536
_MOST_A_PAGE: Final = 100
_DEFAULT_A_PAGE: Final = 30


@dataclass
class FakeGitHub:
    """The comments of `acme/access`, by pull request, and what was asked."""

    url: str = ""
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    branches: dict[str, int] = field(default_factory=dict)
    """The open pull requests' branches."""
    asked: list[str] = field(default_factory=list)

    def add(self, number: int, *bodies: str, author: str = "somebody") -> None:
        """Write comments, as somebody else if nothing else is said."""
        for body in bodies:
            self._create(number, body, author)

    def bodies(self, number: int) -> list[str]:
        """The texts of a pull request's comments."""
        return [comment["body"] for comment in self.comments.get(number, [])]

    def answer(self, method: str, url: str, content: Any) -> tuple[int, Any]:
        """What GitHub says: a status and JSON."""
        parts = urlsplit(url)
        self.asked.append(f"{method} {parts.path}")
        if (method, parts.path) == ("POST", "/graphql"):
            return 200, self._graphql(content["query"], content["variables"])
        if content is not None and len(content["body"]) > LONGEST:
            return 422, {"message": "Validation Failed"}
        for pattern, respond in (
            (r"GET /repos/acme/access/issues/(\d+)/comments", self._page),
            (r"POST /repos/acme/access/issues/(\d+)/comments", self._post),
            (r"PATCH /repos/acme/access/issues/comments/(\d+)", self._patch),
            (r"GET /repos/acme/access/pulls()", self._pulls),
        ):
            if (found := re.fullmatch(pattern, f"{method} {parts.path}")) is not None:
                return respond(int(found[1] or 0), parse_qs(parts.query), content)
        return 404, {"message": "Not Found"}

    def _page(self, number: int, query: Mapping[str, list[str]], _: Any) -> tuple[int, Any]:
        size = min(int(query.get("per_page", [str(_DEFAULT_A_PAGE)])[0]), _MOST_A_PAGE)
        start = (int(query.get("page", ["1"])[0]) - 1) * size
        return 200, self.comments.get(number, [])[start : start + size]

    def _post(self, number: int, _: Mapping[str, list[str]], content: Any) -> tuple[int, Any]:
        return 201, self._create(number, content["body"], OURS)

    def _patch(self, id_: int, _: Mapping[str, list[str]], content: Any) -> tuple[int, Any]:
        for comment in (one for some in self.comments.values() for one in some):
            if comment["id"] == id_:
                comment["body"] = content["body"]
                return 200, comment
        return 404, {"message": "Not Found"}

    def _graphql(self, query: str, variables: Mapping[str, Any]) -> Any:
        """The two that there are: errors come with the status of success."""
        if "updateIssueComment" in query:
            if len(variables["body"]) > LONGEST:
                return {"errors": [{"message": "Body is too long"}], "data": None}
            # Who may write to a repository may edit anybody's comment.
            _, edited = self._patch(int(variables["id"].removeprefix("IC_")), {}, variables)
            return {"data": {"updateIssueComment": {"issueComment": {"url": edited["html_url"]}}}}
        if (variables["owner"], variables["name"]) != ("acme", "access"):
            message = "Could not resolve to a Repository"
            return {"errors": [{"message": message}], "data": {"repository": None}}
        start = int(variables["after"] or 0)
        end = start + int(re.findall(r"first: (\d+)", query)[0])
        assert end - start <= _MOST_A_PAGE
        comments = self.comments.get(variables["number"], [])
        nodes = [
            {
                "id": f"IC_{one['id']}",
                "body": one["body"],
                "viewerDidAuthor": one["author"] == OURS,
            }
            for one in comments[start:end]
        ]
        info = {"hasNextPage": end < len(comments), "endCursor": str(end)}
        found = {"comments": {"nodes": nodes, "pageInfo": info}}
        return {"data": {"repository": {"pullRequest": found}}}

    def _pulls(
        self, _number: int, query: Mapping[str, list[str]], _content: Any
    ) -> tuple[int, Any]:
        assert query["state"] == ["open"]
        owner, _, branch = query["head"][0].partition(":")
        there = owner == "acme" and branch in self.branches
        return 200, [{"number": self.branches[branch]}] if there else []

    def _create(self, number: int, body: str, author: str) -> dict[str, Any]:
        id_ = 1 + sum(map(len, self.comments.values()))
        url = f"https://github.com/c/{id_}"
        comment = {"id": id_, "body": body, "html_url": url, "author": author}
        self.comments.setdefault(number, []).append(comment)
        return comment


@contextmanager
def serve() -> Iterator[FakeGitHub]:
    """Serve it on a free port of the loopback."""
    github = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            content = json.loads(self.rfile.read(length)) if length else None
            status, answer = 401, {"message": "Bad credentials"}
            if self.headers["Authorization"] == f"Bearer {TOKEN}":
                status, answer = github.answer(self.command, self.path, content)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = _handle  # noqa: N815 - the server's names

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        github.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield github
        finally:
            server.shutdown()
