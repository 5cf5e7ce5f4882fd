"""Refusals, in the words and the form of the service that was called."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.saxutils import escape

DENIED: Final = 403


class Refusal(Exception):  # noqa: N818 - it is an answer, and often the right one
    """A call that is not allowed, or that the sandbox can't decide."""

    def __init__(self, code: str, status: int, message: str) -> None:
        """Refuse with an error of AWS's."""
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message


def access_denied(message: str = "Access Denied") -> Refusal:
    """The refusal of a call that no policy allows."""
    return Refusal("AccessDenied", DENIED, message)


@dataclass
class HttpAnswer:
    """An answer of a WSGI application, read whole."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def with_body(self, body: bytes) -> "HttpAnswer":
        """The same answer with another body."""
        headers = [pair for pair in self.headers if pair[0].lower() != "content-length"]
        return HttpAnswer(self.status, [*headers, ("Content-Length", str(len(body)))], body)

    def send(self, start: Callable[..., Any]) -> list[bytes]:
        """Give it to the WSGI server."""
        start(f"{self.status} {'OK' if self.status < 400 else 'Error'}", self.headers)  # noqa: PLR2004 - HTTP's errors
        return [self.body]


def call_wsgi(application: Callable[..., Any], environ: dict[str, Any]) -> HttpAnswer:
    """Call a WSGI application."""
    answer = HttpAnswer(500)

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        answer.status, answer.headers = int(status.split(maxsplit=1)[0]), list(headers)

    parts = application(environ, start)
    try:
        answer.body = b"".join(parts)
    finally:
        getattr(parts, "close", lambda: None)()
    return answer


Content = str | Mapping[str, "Content"]


def xml(tag: str, content: Content) -> str:
    """An XML element with a text, or with a child for each value."""
    if isinstance(content, str):
        return f"<{tag}>{escape(content)}</{tag}>"
    inside = "".join(xml(name, value) for name, value in content.items())
    return f"<{tag}>{inside}</{tag}>"


def for_s3(refusal: Refusal, method: str, place: Mapping[str, str]) -> HttpAnswer:
    """As S3 answers; `place` names the bucket and the key where S3 names them."""
    if method == "HEAD":
        return HttpAnswer(refusal.status, [("Content-Type", "application/xml")])
    request = {"RequestId": uuid.uuid4().hex[:16].upper(), "HostId": "sandbox"}
    said = {"Code": refusal.code, "Message": refusal.message}
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + xml("Error", said | dict(place) | request)
    return _answer(refusal.status, "application/xml", text)


def for_query(refusal: Refusal) -> HttpAnswer:
    """As STS, IAM and the other query APIs answer."""
    said = {"Type": "Sender", "Code": refusal.code, "Message": refusal.message}
    text = xml("ErrorResponse", {"Error": said, "RequestId": str(uuid.uuid4())})
    return _answer(refusal.status, "text/xml", text)


def for_json(refusal: Refusal) -> HttpAnswer:
    """As the JSON APIs answer."""
    said = {"__type": refusal.code, "message": refusal.message}
    answer = _answer(refusal.status, "application/x-amz-json-1.1", json.dumps(said))
    answer.headers.append(("x-amzn-ErrorType", refusal.code))
    return answer


def _answer(status: int, kind: str, text: str) -> HttpAnswer:
    body = text.encode()
    return HttpAnswer(status, [("Content-Type", kind), ("Content-Length", str(len(body)))], body)
