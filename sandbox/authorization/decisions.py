"""The decision on what a call needs, and its words."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from components.aws.partitions import account_of_arn
from components.iam.decide import Decision, Reason, Request, decide_parsed
from components.iam.document import Statement
from sandbox.authorization import context
from sandbox.authorization.operations import ActsOn, Address, Requirement, S3Call, requirements
from sandbox.authorization.principals import Policies, Principal, unjudged
from sandbox.authorization.record import Check
from sandbox.authorization.request import HttpRequest
from sandbox.authorization.signatures import Signed
from sandbox.authorization.stored import Bucket

_KINDS: Final = (
    ("identity-based policy", "an identity-based policy"),
    ("permissions boundary", "a permissions boundary"),
    ("session policy", "a session policy"),
)
_SHOWN: Final = ("s3:prefix", "s3:delimiter", "s3:max-keys", "s3:versionid", "kms:ViaService")


def check_action(policies: Policies | None, request: Request) -> Check:
    """Decide one action on one resource; without policies it is the sandbox itself, which may.

    Raises:
        Refusal: a condition can't be judged.
    """
    shown = {key: str(request.context[key]) for key in _SHOWN if key in request.context}
    if policies is None:
        return Check(request.action, request.resource, allowed=True, reason="", context=shown)
    groups = (policies.identity, policies.boundary, policies.session)
    found = [
        (names, _decided(group, request))
        for names, group in zip(_KINDS, groups, strict=True)
        if group is not None
    ]
    denied = [one for one in found if one[1].reason is Reason.DENIED]
    missing = [one for one in found if not one[1].allowed]
    (name, with_article), deciding = (denied or missing or found)[0]
    words = "" if deciding.allowed else f"because no {name} allows the {request.action} action"
    return Check(
        request.action,
        request.resource,
        deciding.allowed,
        f"with an explicit deny in {with_article}" if denied else words,
        deciding.document,
        deciding.statement,
        deciding.sid,
        shown,
    )


def message(principal: str, check: Check, quote: str = '"') -> str:
    """The refusal in AWS's words."""
    on = "" if check.resource == "*" else f" on resource: {quote}{check.resource}{quote}"
    return f"User: {principal} is not authorized to perform: {check.action}{on} {check.reason}"


class S3Decider:
    """Decides what one S3 request of a caller needs, by the policies as they stand now."""

    def __init__(
        self, http: HttpRequest, principal: Principal, signed: Signed, now: datetime
    ) -> None:
        """Read the policies.

        Raises:
            Refusal: the sandbox can't judge them.
        """
        self._principal = principal
        self._signed = signed
        self._policies = None if principal.own else principal.policies()
        self._common: context.Keys = {**context.of_call(http, signed.region, now), **principal.keys}

    def checks(self, call: S3Call) -> list[Check]:
        """Decide all that a call needs."""
        made = (self._check(call, required) for required in requirements(call))
        return [check for check in made if check is not None]

    def may_list(self, call: S3Call, bucket: str) -> Check:
        """Decide whether the caller may learn that an object does not exist.

        A call on an object has no `s3:prefix`.
        """
        required, target = Requirement("s3:ListBucket", ActsOn.BUCKET), Address(bucket)
        keys = context.of_s3(call, self._signed, required, target, Bucket.find(bucket))
        kept = {key: value for key, value in keys.items() if key not in context.LISTING}
        return self._decide(required.action, self._arn(target), kept, _account(bucket))

    def _check(self, call: S3Call, required: Requirement) -> Check | None:
        copied = required.on in {ActsOn.SOURCE, ActsOn.SOURCE_KEY}
        target = call.source if copied and call.source else call.target
        bucket, arn = Bucket.find(target.bucket), self._arn(target)
        if required.on is ActsOn.ROLE:
            passed = {"iam:PassedToService": "s3.amazonaws.com"}
            return self._decide(required.action, context.replication_role(call), passed)
        if required.action.startswith("kms:"):
            used = bucket.encryption(call, required.on) if bucket else None
            if used is None or bucket is None:
                return None
            keys = context.of_kms(call, used, bucket, arn, self._principal.account)
            return self._decide(required.action, used.key, keys, account_of_arn(used.key))
        keys = context.of_s3(call, self._signed, required, target, bucket)
        if required.on is ActsOn.EVERYTHING:
            return self._decide(required.action, "*", keys)
        place = self._arn(Address(target.bucket)) if required.on is ActsOn.BUCKET else arn
        return self._decide(
            required.action_on(target), place, keys, bucket.account if bucket else None
        )

    def _decide(
        self, action: str, resource: str, keys: context.Keys, account: str | None = None
    ) -> Check:
        """Decide an action; one on another account's resource needs its policy too."""
        check = check_action(self._policies, Request(action, resource, {**self._common, **keys}))
        foreign = account not in {None, self._principal.account} and not self._principal.own
        if foreign and check.allowed:
            words = f"because no resource-based policy allows the {action} action"
            return replace(check, allowed=False, reason=words)
        return check

    def _arn(self, target: Address) -> str:
        place = f"{target.bucket}/{target.key}" if target.key else target.bucket
        return f"arn:{self._principal.partition}:s3:::{place}"


def _account(bucket: str) -> str | None:
    found = Bucket.find(bucket)
    return found.account if found else None


def _decided(statements: tuple[Statement, ...], request: Request) -> Decision:
    try:
        return decide_parsed(statements, request)
    except ValueError as error:
        raise unjudged(error) from None
