"""One call on its way through the gate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sandbox.authorization import context
from sandbox.authorization.principals import Principal
from sandbox.authorization.record import Call, Check
from sandbox.authorization.refusal import HttpAnswer, call_wsgi
from sandbox.authorization.request import HttpRequest, put_body
from sandbox.authorization.signatures import Signed

_ACCOUNT: Final = "HTTP_X_MOTO_ACCOUNT_ID"


@dataclass
class Visit:
    """A call: what is known of it so far."""

    http: HttpRequest
    environ: dict[str, Any]
    now: datetime
    moto: Callable[..., Any]
    service: str = "s3"
    access_key: str = ""
    signed: Signed | None = None
    principal: Principal | None = None
    operation: str = ""
    bucket: str | None = None
    key: str | None = None
    checks: list[Check] = field(default_factory=list)

    @property
    def caller(self) -> tuple[Principal, Signed]:
        """The caller, who must be known by now."""
        if self.principal is None or self.signed is None:
            raise ValueError("the caller is not known")
        return self.principal, self.signed

    @property
    def keys(self) -> context.Keys:
        """The condition keys that calls of any service have."""
        principal, signed = self.caller
        return {**context.of_call(self.http, signed.region, self.now), **principal.keys}

    def pass_on(self, body: bytes | None = None) -> HttpAnswer:
        """Let moto answer, in the caller's account even if the call's headers name another."""
        if body is not None:
            put_body(self.environ, body)
        self.environ.pop(_ACCOUNT, None)
        if self.principal is not None:
            self.environ[_ACCOUNT] = self.principal.account
        return call_wsgi(self.moto, self.environ)

    def recorded(self, status: int, error: str | None) -> Call:
        """The line of the record."""
        return Call(
            at=self.now.isoformat(timespec="milliseconds"),
            access_key_id=self.access_key,
            principal=self.principal.arn if self.principal else "",
            service=self.service,
            operation=self.operation,
            checks=tuple(self.checks),
            allowed=error is None and all(check.allowed for check in self.checks),
            status=status,
            bucket=self.bucket,
            key=self.key,
            error=error,
        )
