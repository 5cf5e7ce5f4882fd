"""A server that answers as CircleCI's API v2 does for contexts and their variables.

As its OpenAPI document has it: lists come in pages, a wrong token is 401, a context that the
token's user may not see is 404, whoever's it is.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

TOKEN: Final = "CCIPAT_made_up_token"
_PAGE: Final = 2


@dataclass
class Context:
    """A context; `variables` are values, `times` when each was written."""

    name: str
    owner: str
    variables: dict[str, str] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeCircleCi:
    """What the server holds: contexts by id, and the organizations of the token's user."""

    contexts: dict[str, Context] = field(default_factory=dict)
    organizations: set[str] = field(default_factory=set)
    url: str = ""
    throttled: int = 0
    """So many answers are 429 from now on."""
    calls: list[str] = field(default_factory=list)
    loses: set[str] = field(default_factory=set)
    """Variables whose writes are answered, and not done."""

    @property
    def environment(self) -> dict[str, str]:
        """Where a client finds it."""
        return {"CIRCLECI_URL": self.url, "CIRCLECI_TOKEN": TOKEN}

    def context(self, name: str, owner: str) -> str:
        """Make a context and return its id."""
        self.contexts[made := str(uuid4())] = Context(name, owner)
        return made

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """Answer one call."""
        url = urlsplit(path)
        self.calls.append(f"{method} {url.path}")
        if self.throttled:
            self.throttled -= 1
            return 429, {"message": "Too Many Requests"}
        if token != TOKEN:
            return 401, {"message": "You must log in first."}
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        parts = [unquote(part) for part in url.path.removeprefix("/api/v2/").split("/")]
        if parts == ["context"]:
            return self._contexts(query)
        found = self.contexts.get(parts[1])
        if found is None or found.owner not in self.organizations:
            return 404, {"message": "Context not found."}
        if method == "PUT":
            name = parts[3]
            if name not in self.loses:
                found.variables[name] = body["value"]
                found.times[name] = datetime.now(UTC).isoformat()
            return 200, {"variable": name, "context_id": parts[1]}
        items = [
            {"variable": name, "context_id": parts[1], "created_at": at, "updated_at": at}
            for name, at in found.times.items()
        ]
        return _page(items, query)

    def _contexts(self, query: dict[str, str]) -> tuple[int, Any]:
        if query.get("owner-id") not in self.organizations:
            return 404, {"message": "Organization not found."}
        items = [
            {"id": id_, "name": one.name}
            for id_, one in self.contexts.items()
            if one.owner == query["owner-id"]
        ]
        return _page(items, query)


def _page(items: list[Any], query: dict[str, str]) -> tuple[int, Any]:
    start = int(query.get("page-token", "0"))
    more = str(start + _PAGE) if start + _PAGE < len(items) else None
    return 200, {"items": items[start : start + _PAGE], "next_page_token": more}


@contextmanager
def serving() -> Iterator[FakeCircleCi]:
    """Lend a server that listens on this machine."""
    fake = FakeCircleCi()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Circle-Token", "")
            status, value = fake.answer(self.command, self.path, token, body)
            text = json.dumps(value).encode()
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "7")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = _answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
