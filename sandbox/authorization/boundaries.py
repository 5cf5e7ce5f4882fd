"""The permissions boundaries of users, which moto does not keep; those of roles it keeps."""

import uuid
from typing import Any, Final

from sandbox.authorization.refusal import HttpAnswer, Refusal, xml
from sandbox.authorization.visit import Visit

_PUT: Final = "PutUserPermissionsBoundary"
_DELETE: Final = "DeleteUserPermissionsBoundary"
_SHOWN: Final = frozenset({"CreateUser", "GetUser"})
_OK: Final = 200
_END: Final = b"</User>"


def answer(visit: Visit) -> HttpAnswer:
    """Let moto answer a call of IAM, and add what it lacks of boundaries.

    Raises:
        Refusal: there is no such user.
    """
    if visit.operation not in {_PUT, _DELETE, *_SHOWN}:
        return visit.pass_on()
    arn = visit.http.form.get("PermissionsBoundary")
    answered = visit.pass_on() if visit.operation in _SHOWN else _empty(visit.operation)
    user = _user(visit)
    if answered.status != _OK or user is None:
        return answered
    if visit.operation in {_PUT, _DELETE} or arn:
        user.permissions_boundary_arn = arn
    kept = getattr(user, "permissions_boundary_arn", None)
    if kept is None or _END not in answered.body:
        return answered
    said = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": kept}
    more = xml("PermissionsBoundary", said).encode()
    return answered.with_body(answered.body.replace(_END, more + _END))


def _user(visit: Visit) -> Any:  # noqa: ANN401 - moto has no types
    name = visit.http.form.get("UserName")
    principal, _ = visit.caller
    user = principal.backend.users.get(name)
    if user is None and visit.operation in {_PUT, _DELETE}:
        raise Refusal("NoSuchEntity", 404, f"The user with name {name} cannot be found.")
    return user


def _empty(operation: str) -> HttpAnswer:
    metadata = {"RequestId": str(uuid.uuid4())}
    said = xml(f"{operation}Response", {"ResponseMetadata": metadata})
    return HttpAnswer(_OK, [("Content-Type", "text/xml")]).with_body(said.encode())
