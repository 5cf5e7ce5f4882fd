"""Signature Version 4 of calls, in a header or in a presigned URL.

By the IAM User Guide, "AWS Signature Version 4 for API requests"; botocore computes the signature.
Of a body that is sent in signed chunks, the chunks' own signatures are not checked.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any, Final

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from sandbox.authorization.refusal import DENIED, Refusal
from sandbox.authorization.request import HttpRequest

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_SKEW: Final = timedelta(minutes=15)
_WEEK: Final = 7 * 24 * 3600
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_HEADER: Final = re.compile(
    rf"{_ALGORITHM} +Credential=(?P<scope>[^, ]+), *SignedHeaders=(?P<headers>[^, ]+), *"
    r"Signature=(?P<signature>[0-9a-f]+)"
)


@dataclass(frozen=True)
class Signed:
    """What a call says of its signature, with the signature."""

    access_key: str
    at: datetime
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str
    token: str | None
    payload: str
    """The digest of the body, or what stands in its place."""
    expires: timedelta | None = None
    """Of a presigned URL, how long it is valid."""

    @property
    def presigned(self) -> bool:
        """Whether the signature is in the URL."""
        return self.expires is not None


def read(http: HttpRequest) -> Signed | None:
    """Read what a call says of its signature; None if it has none.

    Raises:
        Refusal: the signature is of another version, or can't be read.
    """
    authorization = http.headers.get("authorization")
    if authorization is None and "X-Amz-Algorithm" in http.query_string:
        return _presigned(http)
    if authorization is None and "AWSAccessKeyId=" not in http.query_string:
        return None
    found = _HEADER.fullmatch((authorization or "").strip())
    if found is None:
        raise Refusal(
            "InvalidRequest",
            400,
            "The authorization mechanism you have provided is not supported. Please use "
            f"{_ALGORITHM}.",
        )
    digest = sha256(http.body).hexdigest()
    try:
        access_key, region, service = _scope(found["scope"])
        moment = http.headers.get("x-amz-date")
        at = _moment(moment) if moment else parsedate_to_datetime(http.headers["date"])
    except (KeyError, ValueError):
        raise _malformed("the Authorization header") from None
    payload = http.headers.get("x-amz-content-sha256", digest)
    if _DIGEST.fullmatch(payload) and payload != digest:
        raise Refusal(
            "XAmzContentSHA256Mismatch",
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    return Signed(
        access_key,
        at.astimezone(UTC),
        region,
        service,
        tuple(found["headers"].split(";")),
        found["signature"],
        http.headers.get("x-amz-security-token"),
        payload,
    )


def verify(http: HttpRequest, signed: Signed, secret: str, now: datetime) -> None:
    """Check a signature and its time.

    Raises:
        Refusal: the signature is not made with the secret, or its time is wrong.
    """
    if signed.expires is not None:
        if not signed.at - _SKEW <= now < signed.at + signed.expires:
            raise Refusal("AccessDenied", DENIED, "Request has expired")
    elif abs(now - signed.at) > _SKEW:
        raise Refusal(
            "RequestTimeTooSkewed" if _in_s3(signed) else "SignatureDoesNotMatch",
            DENIED,
            "The difference between the request time and the current time is too large.",
        )
    sent = {name for name in http.headers if name.startswith("x-amz-")}
    if "host" not in signed.headers or not sent <= set(signed.headers):
        unsigned = "There were headers present in the request which were not signed"
        raise Refusal("AccessDenied", DENIED, unsigned)
    if not hmac.compare_digest(_signature(http, signed, secret), signed.signature):
        raise Refusal(
            "SignatureDoesNotMatch",
            DENIED,
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        )


def _in_s3(signed: Signed) -> bool:
    return signed.service.startswith("s3")


def _presigned(http: HttpRequest) -> Signed:
    query = http.query
    try:
        access_key, region, service = _scope(query["X-Amz-Credential"])
        expires = int(query["X-Amz-Expires"])
        if query["X-Amz-Algorithm"] != _ALGORITHM or not 0 < expires <= _WEEK:
            raise _malformed("the query")
        return Signed(
            access_key,
            _moment(query["X-Amz-Date"]),
            region,
            service,
            tuple(query["X-Amz-SignedHeaders"].split(";")),
            query["X-Amz-Signature"],
            query.get("X-Amz-Security-Token"),
            _UNSIGNED,
            timedelta(seconds=expires),
        )
    except (KeyError, ValueError):
        raise _malformed("the query") from None


def _scope(text: str) -> tuple[str, str, str]:
    access_key, _, region, service, end = text.rsplit("/", 4)
    if end != "aws4_request":
        raise ValueError(end)
    return access_key, region, service


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)


def _malformed(where: str) -> Refusal:
    return Refusal("AuthorizationHeaderMalformed", 400, f"The signature in {where} can't be read.")


def _signature(http: HttpRequest, signed: Signed, secret: str) -> str:
    """Compute the signature that a call should have."""
    kind = _S3Signer if _in_s3(signed) else _Signer
    signer = kind(Credentials(signed.access_key, secret), signed.service, signed.region)
    pairs = [pair for pair in http.query_string.split("&") if pair]
    if signed.presigned:
        pairs = [pair for pair in pairs if not pair.startswith("X-Amz-Signature=")]
    url = f"http://host{http.path}?{'&'.join(pairs)}"
    headers = {name: http.headers.get(name, "") for name in signed.headers}
    headers["X-Amz-Content-SHA256"] = signed.payload
    request = AWSRequest(method=http.method, url=url, headers=headers, data=b"")
    request.context["timestamp"] = signed.at.strftime(_FORMAT)
    request.context["signed"] = signed.headers
    text = signer.string_to_sign(request, signer.canonical_request(request))
    made: str = signer.signature(text, request)
    return made


class _Signing:
    """Signs the headers that the call says are signed."""

    def headers_to_sign(self, request: AWSRequest) -> Any:  # noqa: ANN401 - botocore's
        headers = HTTPHeaders()
        for name in request.context["signed"]:
            headers[name] = request.headers.get(name, "")
        return headers


class _Signer(_Signing, SigV4Auth):
    pass


class _S3Signer(_Signing, S3SigV4Auth):
    pass
