"""An HTTP request to AWS, and which bucket and key an S3 request addresses."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from moto.s3.responses import S3Response
from moto.s3.utils import bucket_name_from_url

from sandbox.authorization.refusal import Refusal

_BUCKET: Final = re.compile(r"[A-Za-z0-9.\-_]{1,255}")
_SITE: Final = re.compile(r"^https?://[^/]*")
"""The start of the path if the client uses the sandbox as a proxy."""
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class HttpRequest:
    """A request, read whole."""

    method: str
    path: str
    """As it was sent, percent-encoded."""
    query_string: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    secure: bool = False

    @classmethod
    def read(cls, environ: dict[str, Any]) -> "HttpRequest":
        """Read a WSGI request; its body can be read again afterwards."""
        length = environ.get("CONTENT_LENGTH")
        stream = environ["wsgi.input"]
        chunked = environ.get("wsgi.input_terminated") and not length
        body = stream.read() if chunked else stream.read(int(length or 0))
        put_body(environ, body)
        raw = environ.get("RAW_URI") or environ["PATH_INFO"]
        names = {key[5:]: key for key in environ if key.startswith("HTTP_")}
        names |= {key: key for key in ("CONTENT_TYPE", "CONTENT_LENGTH")}
        return cls(
            method=environ["REQUEST_METHOD"],
            path=_SITE.sub("", raw.partition("?")[0]) or "/",
            query_string=environ.get("QUERY_STRING", ""),
            headers={
                name.lower().replace("_", "-"): environ[key]
                for name, key in names.items()
                if environ.get(key) is not None
            },
            body=body,
            source_ip=environ.get("REMOTE_ADDR", "127.0.0.1"),
            secure=environ.get("wsgi.url_scheme") == "https",
        )

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query.

        Raises:
            Refusal: one is given twice, so that servers differ in which one they take.
        """
        pairs = parse_qsl(self.query_string, keep_blank_values=True)
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Refusal("InvalidArgument", 400, "A query parameter is given twice.")
        return found

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The parameters of a call of a query API, as STS and IAM."""
        form = self.headers.get("content-type", "").startswith(_FORM)
        text = self.body.decode(errors="replace") if form else ""
        return dict(self.query) | dict(parse_qsl(text, keep_blank_values=True))

    @cached_property
    def has_two_readings(self) -> bool:
        """Whether servers may differ in which parameters a call of a query API has."""
        pairs = parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True)
        is_form = self.headers.get("content-type", "").startswith(_FORM)
        names = [name for name, _ in pairs] if is_form else []
        hidden = not is_form and any(name == "Action" for name, _ in pairs)
        return hidden or bool(self.body and self.query_string) or len(names) != len({*names})

    @cached_property
    def address(self) -> tuple[str, str]:
        """The bucket and the key of an S3 request, as moto reads them; empty if there is none.

        Raises:
            Refusal: the path or the host names no bucket in a form that the sandbox knows.
        """
        host = self.headers.get("host", "")
        if self.path.startswith("//") or not self.path.startswith("/"):
            raise Refusal("InvalidURI", 400, f"The sandbox can't read the path {self.path}.")
        if ".s3-accesspoint" in host:
            raise Refusal("NotImplemented", 501, "The sandbox does not decide access points.")
        asked = SimpleNamespace(headers={"host": host}, url=f"http://{host}/")
        if S3Response.subdomain_based_buckets(asked):
            bucket, key = bucket_name_from_url(f"http://{host}/") or "", unquote(self.path[1:])
        else:
            bucket, _, rest = self.path[1:].partition("/")
            key = unquote(rest)
        if bucket and not _BUCKET.fullmatch(bucket):
            raise Refusal("InvalidBucketName", 400, "The specified bucket is not valid.")
        return bucket, key


def put_body(environ: dict[str, Any], body: bytes) -> None:
    """Give a WSGI request another body."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
