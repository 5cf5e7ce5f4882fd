"""S3's calls: decided by the table, then answered by moto."""

from dataclasses import replace
from typing import Any, Final

import xmltodict

from sandbox.authorization.decisions import S3Decider, message
from sandbox.authorization.operations import NOT_IN_MOTO, Address, S3Call
from sandbox.authorization.recognition import call_of, keys_of
from sandbox.authorization.record import Check
from sandbox.authorization.refusal import HttpAnswer, Refusal, access_denied, xml
from sandbox.authorization.stored import Bucket
from sandbox.authorization.visit import Visit

_MISSING: Final = 404
_OK: Final = 200
_MISSING_OBJECT: Final = (b"<Code>NoSuchKey</Code>", b"<Code>NoSuchVersion</Code>")
_END: Final = b"</DeleteResult>"


def answer(visit: Visit) -> HttpAnswer:
    """Decide a call of S3 and answer it.

    Raises:
        Refusal: it is not allowed.
    """
    visit.bucket, visit.key = (part or None for part in visit.http.address)
    if visit.signed is None:
        raise access_denied()
    principal, signed = visit.caller
    call = _with_tags(call_of(visit.http))
    visit.operation = call.operation
    decider = S3Decider(visit.http, principal, signed, visit.now)
    if call.operation == "DeleteObjects":
        return _delete_objects(visit, call, decider)
    visit.checks += decider.checks(call)
    _buckets_exist(call)
    _refuse_denied(visit, visit.checks)
    if call.operation in NOT_IN_MOTO:
        raise Refusal("NotImplemented", 501, f"moto does not have {call.operation}.")
    answered = visit.pass_on()
    if answered.status == _MISSING and _is_missing_object(call, answered):
        check = decider.may_list(call, (call.source or call.target).bucket)
        if not check.allowed:
            visit.checks.append(check)
        _refuse_denied(visit, [check])
    return answered


def _with_tags(call: S3Call) -> S3Call:
    """Add whether the object that is copied has tags."""
    bucket = Bucket.find(call.source.bucket) if call.source else None
    if bucket is None or call.source is None:
        return call
    return replace(call, tagged=bool(bucket.tags(call.source)))


def _buckets_exist(call: S3Call) -> None:
    targets: list[Address] = [call.target, *([call.source] if call.source else [])]
    named = [target.bucket for target in targets if target.bucket]
    if call.operation != "CreateBucket" and not all(map(Bucket.find, named)):
        raise Refusal("NoSuchBucket", _MISSING, "The specified bucket does not exist")


def _refuse_denied(visit: Visit, checks: list[Check]) -> None:
    denied = next((check for check in checks if not check.allowed), None)
    if denied is not None:
        raise access_denied(message(visit.caller[0].arn, denied))


def _is_missing_object(call: S3Call, answered: HttpAnswer) -> bool:
    if call.http.method == "HEAD":
        return bool(call.target.key)
    return any(code in answered.body for code in _MISSING_OBJECT)


def _delete_objects(visit: Visit, call: S3Call, decider: S3Decider) -> HttpAnswer:
    """Delete the objects that may be deleted; the answer says so of each."""
    allowed: list[Any] = []
    errors: list[str] = []
    for listed, one in keys_of(call):
        checks = decider.checks(one)
        visit.checks += checks
        denied = next((check for check in checks if not check.allowed), None)
        if denied is None:
            allowed.append(listed)
        else:
            version = {"VersionId": one.target.version} if one.target.version else {}
            said = {"Code": "AccessDenied", "Message": message(visit.caller[0].arn, denied)}
            errors.append(xml("Error", {"Key": one.target.key, **version, **said}))
    _buckets_exist(call)
    answered = HttpAnswer(
        _OK, [("Content-Type", "application/xml")], b"<DeleteResult></DeleteResult>"
    )
    if allowed:
        answered = visit.pass_on(xmltodict.unparse({"Delete": {"Object": allowed}}).encode())
    if answered.status == _OK and errors:
        return answered.with_body(answered.body.replace(_END, "".join(errors).encode() + _END))
    return answered
