"""The gate in front of moto: no call reaches moto that was not decided.

A call is read whole, its signature is checked and its caller found. S3's calls are decided by the
table of operations, STS's by `sandbox.authorization.sts`, of other services only the action. The
sandbox's own credentials may make any call.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from sandbox.authorization import others, s3, sts
from sandbox.authorization.principals import Principal, Principals
from sandbox.authorization.record import Recorder
from sandbox.authorization.refusal import (
    DENIED,
    HttpAnswer,
    Refusal,
    for_json,
    for_query,
    for_s3,
)
from sandbox.authorization.request import HttpRequest
from sandbox.authorization.signatures import Signed, read, verify
from sandbox.authorization.visit import Visit

_MOTOS_OWN: Final = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
"""Paths that moto takes for itself, whoever calls."""


class Authorizer:
    """A WSGI application that decides, and asks moto only for what is allowed."""

    def __init__(self, moto: DomainDispatcherApplication, record: Path, issuer_key: Path) -> None:
        """Stand in front of `moto`; append decided calls to `record`."""
        self._moto = moto
        self._recorder = Recorder(record)
        self._principals = Principals()
        self._sts = sts.Sts(self._principals, issuer_key)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        """Answer a call."""
        visit = Visit(HttpRequest.read(environ), environ, datetime.now(UTC), self._moto)
        error = None
        try:
            answer = self._answer(visit)
        except Refusal as refusal:
            error, answer = refusal.code, _told(visit, refusal)
        if visit.principal is None or visit.principal.recorded:
            self._recorder.append(visit.recorded(answer.status, error))
        return answer.send(start)

    def _answer(self, visit: Visit) -> HttpAnswer:
        # moto takes the decoded path.
        if visit.environ["PATH_INFO"].startswith(_MOTOS_OWN):
            raise Refusal("AccessDenied", DENIED, "The sandbox does not serve moto's own paths.")
        visit.signed = read(visit.http)
        if visit.signed is not None:
            visit.access_key, visit.service = visit.signed.access_key, visit.signed.service
        elif "Action" in visit.http.form:
            visit.service = ""  # a call of another API, whose service nobody signed
        backend = self._backend(visit)
        if visit.signed is not None:
            visit.principal = self._caller(visit.http, visit.signed, visit.now)
        if backend == "s3" and visit.service:
            return s3.answer(visit)
        if backend == "sts":
            visit.service = "sts"
            return self._sts.answer(visit)
        return others.answer(visit)

    def _backend(self, visit: Visit) -> str:
        """Return which of its services moto takes a call for."""
        presigned = visit.signed is not None and visit.signed.presigned
        if presigned and visit.service != "s3":
            raise Refusal("NotImplemented", 501, "The sandbox takes presigned URLs of S3 only.")
        try:
            host = self._moto.infer_service_region_host(visit.environ, visit.environ["PATH_INFO"])
            return str(self._moto.get_backend_for_host(host)) if host else "s3"
        except (KeyError, ValueError, AttributeError, IndexError):
            raise Refusal("InvalidRequest", 400, "The call names no service.") from None

    def _caller(self, http: HttpRequest, signed: Signed, now: datetime) -> Principal:
        """Find the caller and check its signature.

        Raises:
            Refusal: there is none, or the signature is wrong.
        """
        in_s3 = signed.service.startswith("s3")
        found = self._principals.find(signed.access_key)
        if found is None or (found.token is not None and signed.token is None):
            raise _unknown_key(in_s3=in_s3)
        verify(http, signed, found.secret, now)
        if found.token != signed.token:
            if in_s3:
                raise Refusal(
                    "InvalidToken", 400, "The provided token is malformed or otherwise invalid."
                )
            raise _unknown_key(in_s3=False)
        if found.expires is not None and now >= found.expires:
            words = (
                "The provided token has expired."
                if in_s3
                else "The security token included in the request is expired"
            )
            raise Refusal("ExpiredToken", 400 if in_s3 else DENIED, words)
        return found


def _unknown_key(*, in_s3: bool) -> Refusal:
    if in_s3:
        words = "The AWS Access Key Id you provided does not exist in our records."
        return Refusal("InvalidAccessKeyId", DENIED, words)
    words = "The security token included in the request is invalid."
    return Refusal("InvalidClientTokenId", DENIED, words)


def _told(visit: Visit, refusal: Refusal) -> HttpAnswer:
    if visit.service.startswith("s3"):
        names = {"BucketName": visit.bucket, "Key": visit.key}
        place = {name: value for name, value in names.items() if value}
        return for_s3(refusal, visit.http.method, place)
    return for_query(refusal) if "Action" in visit.http.form else for_json(refusal)
