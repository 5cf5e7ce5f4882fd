"""Which S3 operation an HTTP request calls, by botocore's model of S3."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlparse

import botocore.session
import xmltodict
from botocore.model import OperationModel

from sandbox.authorization.operations import REFUSED, Address, S3Call
from sandbox.authorization.refusal import Refusal
from sandbox.authorization.request import HttpRequest

_OTHER_HOSTS: Final = frozenset({"ListDirectoryBuckets", "WriteGetObjectResponse"})
"""Operations on other hosts. On S3's host such requests are of other operations."""
_COPY_SOURCE: Final = "x-amz-copy-source"


@dataclass(frozen=True)
class Form:
    """What the requests of an operation look like."""

    operation: str
    fixed: Mapping[str, str]
    """The parameters in the operation's URI."""
    required: frozenset[str]
    """More parameters that the query must have."""
    headers: frozenset[str]
    """Headers that it must have."""
    known: frozenset[str]
    """All parameters that it may have."""
    rank: tuple[int, bool]
    """Of operations that fit, the one that requires most is meant, and the one not deprecated."""

    def fits(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Whether a request has what the operation requires."""
        return (
            all(
                query.get(name) in {value, value or query.get(name, "-")}
                for name, value in self.fixed.items()
            )
            and self.required <= query.keys()
            and self.headers <= headers.keys()
        )


def call_of(http: HttpRequest) -> S3Call:
    """Recognise the S3 operation of a request.

    Raises:
        Refusal: the table does not have it, or it can be read as two operations.
    """
    bucket, key = http.address
    level = 2 if key else 1 if bucket else 0
    query = http.query
    fitting = [
        form for form in _forms().get((http.method, level), ()) if form.fits(query, http.headers)
    ]
    if not fitting:
        raise _unknown(f"{http.method} {http.path}?{http.query_string}")
    form = max(fitting, key=lambda one: one.rank)
    if others := (query.keys() & _selecting()) - form.known:
        raise _unknown(f"{form.operation} with the parameter {', '.join(sorted(others))}")
    if form.operation in REFUSED:
        raise _unknown(form.operation, REFUSED[form.operation])
    source = http.headers.get(_COPY_SOURCE) if _COPY_SOURCE in form.headers else None
    target = Address(bucket, key, query.get("versionId") if "versionId" in form.known else None)
    return S3Call(form.operation, http, target, _source(source) if source is not None else None)


def keys_of(call: S3Call) -> list[tuple[dict[str, Any], S3Call]]:
    """The objects of a DeleteObjects call as the body has them, each with its own call.

    Raises:
        Refusal: the body is not as S3 takes it.
    """
    try:
        listed = xmltodict.parse(call.http.body, strip_whitespace=False)["Delete"]["Object"]
        objects = listed if isinstance(listed, list) else [listed]
        targets = [
            Address(call.target.bucket, one["Key"] or "", one.get("VersionId")) for one in objects
        ]
    except Exception:  # noqa: BLE001 - whatever the parser finds, S3 calls it so
        raise Refusal("MalformedXML", 400, "The XML you provided was not well-formed.") from None
    return [
        (one, replace(call, target=target)) for one, target in zip(objects, targets, strict=True)
    ]


def _unknown(what: str, why: str = "it has no row in the sandbox's table of operations") -> Refusal:
    return Refusal("NotImplemented", 501, f"The sandbox refuses {what}: {why}.")


def _source(header: str) -> Address:
    """The object that is copied, as moto reads the header."""
    parts = urlparse(header)
    bucket, found, key = unquote(parts.path).lstrip("/").partition("/")
    if parts.scheme or parts.netloc or not found or not key or bucket.startswith("arn:"):
        raise _unknown(f"the copy source {header}", "it is not BUCKET/KEY")
    return Address(bucket, key, parse_qs(parts.query).get("versionId", [None])[0])


@cache
def _forms() -> Mapping[tuple[str, int], tuple[Form, ...]]:
    """The forms of all operations, by method and by what they name: 0 nothing, 1 bucket, 2 key."""
    model = botocore.session.Session().get_service_model("s3")
    found: dict[tuple[str, int], tuple[Form, ...]] = {}
    for name in model.operation_names:
        if name not in _OTHER_HOSTS:
            operation = model.operation_model(name)
            at = operation.http["method"], operation.http["requestUri"].count("{")
            found[at] = (*found.get(at, ()), _form(operation))
    return found


def _form(operation: OperationModel) -> Form:
    fixed = dict(parse_qsl(operation.http["requestUri"].partition("?")[2], keep_blank_values=True))
    query, headers = _members(operation, "querystring"), _members(operation, "header")
    required = frozenset(name for name, needed in query.items() if needed)
    needed = frozenset(name.lower() for name, needed in headers.items() if needed)
    return Form(
        operation.name,
        fixed,
        required,
        needed,
        frozenset(query.keys() | fixed.keys()),
        (len(fixed) + len(required) + len(needed), not operation.deprecated),
    )


def _members(operation: OperationModel, where: str) -> dict[str, bool]:
    """The names of an operation's parameters in a place, and whether they are required."""
    shape: Any = operation.input_shape
    return {
        member.serialization["name"]: name in shape.required_members
        for name, member in (shape.members.items() if shape else ())
        if member.serialization.get("location") == where
    }


@cache
def _selecting() -> frozenset[str]:
    """The parameters by which S3 tells operations apart."""
    return frozenset(
        name
        for some in _forms().values()
        for form in some
        for name in form.fixed.keys() | form.required
    ) - {"id"}
