"""Recorded calls, as the sandbox's record has them."""

from sandbox.authorization.record import Call, Check

KEY = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d"
VIA = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
REFUSED = "because no identity-based policy allows the {} action"


def check(
    action: str,
    place: str,
    *,
    prefix: str | None = None,
    allowed: bool = True,
    policy: str | None = "s3-access",
) -> Check:
    """A check on `bucket/key` or `bucket`; a refused one has no policy, or one that denies it."""
    if action.startswith("kms:"):
        return Check(action, place, allowed, "", context=VIA)
    context = {} if prefix is None else {"s3:prefix": prefix}
    reason = "" if allowed else REFUSED.format(action)
    named = policy if allowed else None
    where = f"arn:aws:s3:::{place}"
    return Check(action, where, allowed, reason, named, 0 if named else None, None, context)


def call(operation: str, *checks: Check, status: int = 200, key_id: str = "AKIA1") -> Call:
    allowed = all(one.allowed for one in checks)
    bucket, _, key = checks[0].resource.partition(":::")[2].partition("/")
    return Call(
        "2026-11-25T12:00:00Z",
        key_id,
        "arn:aws:iam::111111111111:user/ci",
        "s3",
        operation,
        checks,
        allowed,
        status if allowed else 403,
        bucket or None,
        key or None,
        None if allowed else "AccessDenied",
    )


def get(place: str, *, allowed: bool = True, status: int = 200) -> Call:
    return call("GetObject", check("s3:GetObject", place, allowed=allowed), status=status)


def put(place: str, *, allowed: bool = True) -> Call:
    return call("PutObject", check("s3:PutObject", place, allowed=allowed))


def listing(bucket: str, prefix: str | None = None) -> Call:
    return call("ListObjectsV2", check("s3:ListBucket", bucket, prefix=prefix))
