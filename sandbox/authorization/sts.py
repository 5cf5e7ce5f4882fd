"""STS's calls: who gets a session of a role.

By the AWS STS API Reference, "AssumeRole" and "AssumeRoleWithWebIdentity".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from moto.iam.models import iam_backends

from components.aws.partitions import account_of_arn
from components.circleci.claims import Claims, token_request
from components.iam.decide import Decision, Reason, Request, TrustRequest, decide_trust
from sandbox.accounts import role_arn
from sandbox.authorization import context, others, web_identity
from sandbox.authorization.decisions import check_action, message
from sandbox.authorization.principals import Principals, StsSession, unjudged
from sandbox.authorization.record import Check
from sandbox.authorization.refusal import HttpAnswer, Refusal, access_denied, xml
from sandbox.authorization.visit import Visit

_WEB_IDENTITY: Final = "AssumeRoleWithWebIdentity"
_ASSUME: Final = "AssumeRole"
_MADE_UP: Final = frozenset(
    {"AssumeRoleWithSAML", "AssumeRoot", "GetFederationToken", "GetSessionToken"}
)
"""Operations that moto answers with credentials that it does not know later."""
_ROLE: Final = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):role/.+")
_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}")
_KEY: Final = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
_MOTOS_ID: Final = b"ARO123EXAMPLE123"
_OK: Final = 200
_HOUR: Final = 3600
_SECONDS: Final = range(900, 12 * _HOUR + 1)


class Sts:
    """Answers STS's calls."""

    def __init__(self, principals: Principals, issuer_key: Path) -> None:
        """Take tokens signed with the key in `issuer_key`; tell `principals` of sessions."""
        self._principals = principals
        self._issuer_key = issuer_key

    def answer(self, visit: Visit) -> HttpAnswer:
        """Decide a call and let moto answer it.

        Raises:
            Refusal: it is not allowed.
        """
        visit.operation = others.operation(visit)
        if visit.operation in _MADE_UP:
            raise Refusal("NotImplemented", 501, f"The sandbox does not have {visit.operation}.")
        if visit.operation == _WEB_IDENTITY:
            return self._web_identity(visit)
        if visit.signed is None:
            raise others.unsigned()
        if visit.operation == _ASSUME:
            return self._assume_role(visit)
        if visit.operation != "GetCallerIdentity":  # which no policy can refuse
            others.decide_action(visit, note="")
        return visit.pass_on()

    def _assume_role(self, visit: Visit) -> HttpAnswer:
        """The sandbox itself may assume any role, also one that does not exist."""
        principal, signed = visit.caller
        arn = visit.http.form.get("RoleArn", "")
        role = _role(arn)
        if principal.own:
            is_own = role is None or arn == role_arn(role.account_id, signed.region)
            return self._open(visit, None if is_own else role)
        _validate(visit.http.form, role, chained=principal.assumed is not None)
        _decide_assume_role(visit, arn, role)
        return self._open(visit, role)

    def _web_identity(self, visit: Visit) -> HttpAnswer:
        form = visit.http.form
        arn = form.get("RoleArn", "")
        role = _role(arn)
        _validate(form, role, chained=False)
        token = form.get("WebIdentityToken", "")
        claims, provider = web_identity.checked(token, _providers(arn), self._issuer_key, visit.now)
        _decide_web_identity(visit, arn, role, claims)
        answered = self._open(visit, role, {"aws:FederatedProvider": provider.arn})
        said = {
            "SubjectFromWebIdentityToken": str(claims["sub"]),
            "Audience": str(claims["aud"]),
            "Provider": provider.arn,
        }
        more = "".join(xml(name, value) for name, value in said.items()).encode()
        end = f"</{_WEB_IDENTITY}Result>".encode()
        return answered.with_body(
            answered.body.replace(end, more + end).replace(_MOTOS_ID, role.id.encode())
        )

    def _open(self, visit: Visit, role: Any, keys: Mapping[str, str] | None = None) -> HttpAnswer:  # noqa: ANN401 - moto has no types
        """Let moto open the session; without a role it is the sandbox's own."""
        answered = visit.pass_on()
        if answered.status == _OK and (found := _KEY.search(answered.body)):
            form = visit.http.form
            arns = tuple(form[name] for name in sorted(form) if name.startswith("PolicyArns."))
            session = StsSession(role is None, role and role.id, arns, keys or {})
            self._principals.opened(found[1].decode(), session)
        return answered


def _role(arn: str) -> Any:  # noqa: ANN401 - moto has no types
    """Return moto's role of an ARN; None if there is none."""
    found = _ROLE.fullmatch(arn)
    if found is None or found["account"] not in iam_backends:
        return None
    roles = list(iam_backends[found["account"]][found["partition"]].roles.values())
    return next((one for one in roles if one.arn == arn), None)


def _providers(role: str) -> list[Any]:
    """Return moto's OIDC providers of a role's account."""
    found = _ROLE.fullmatch(role)
    if found is None or found["account"] not in iam_backends:
        return []
    return list(iam_backends[found["account"]][found["partition"]].open_id_providers.values())


def _decide_web_identity(visit: Visit, arn: str, role: Any, claims: Claims) -> None:  # noqa: ANN401 - moto has no types
    """Decide whether a role trusts a token.

    Raises:
        Refusal: it does not, or there is no such role.
    """
    action = f"sts:{_WEB_IDENTITY}"
    _, partition, _, _, account, _ = arn.split(":", 5)
    decision = _trusts(visit, role, token_request(claims, partition, account))
    visit.checks.append(_trust_check(action, arn, decision))
    if not decision.allowed:
        raise access_denied(f"Not authorized to perform {action}")


def _decide_assume_role(visit: Visit, arn: str, role: Any) -> None:  # noqa: ANN401 - moto has no types
    """Decide whether a caller may assume a role: by its own policies and by the role's trust.

    In the caller's account, a trust that names the caller itself is enough.

    Raises:
        Refusal: it may not.
    """
    principal, _ = visit.caller
    action = f"sts:{_ASSUME}"
    itself = (principal.arn, principal.entity.arn)
    anybody = (f"arn:{principal.partition}:iam::{principal.account}:root", principal.account)
    by = {
        name: _trusts(visit, role, TrustRequest(name, visit.keys, action, "AWS"))
        for name in (*itself, *anybody)
    }
    denied = next((one for one in by.values() if one.reason is Reason.DENIED), None)
    trusted = denied or next((one for one in by.values() if one.allowed), by[principal.arn])
    own = check_action(principal.policies(), Request(action, arn, visit.keys))
    near = account_of_arn(arn) == principal.account and not own.reason.startswith("with")
    named = near and any(by[name].allowed for name in itself)
    for check in (_trust_check(action, arn, trusted), *(() if named else (own,))):
        visit.checks.append(check)
        if not check.allowed:
            raise access_denied(message(principal.arn, check, quote=""))


def _trusts(visit: Visit, role: Any, request: TrustRequest) -> Decision:  # noqa: ANN401 - moto has no types
    """Decide by a role's trust policy; nobody may assume a role that does not exist."""
    if role is None:
        return Decision(allowed=False, reason=Reason.UNMATCHED)
    form = visit.http.form
    region = visit.signed.region if visit.signed else "us-east-1"
    keys = {
        **context.of_call(visit.http, region, visit.now),
        "sts:RoleSessionName": form["RoleSessionName"],
        **({"sts:ExternalId": form["ExternalId"]} if "ExternalId" in form else {}),
    }
    try:
        document = json.loads(role.assume_role_policy_document)
        return decide_trust(document, replace(request, context={**keys, **request.context}))
    except ValueError as error:
        raise unjudged(error) from None


def _trust_check(action: str, arn: str, decision: Decision) -> Check:
    refused = "with an explicit deny in a resource-based policy"
    if decision.reason is not Reason.DENIED:
        refused = f"because no resource-based policy allows the {action} action"
    place = (decision.document, decision.statement, decision.sid)
    return Check(action, arn, decision.allowed, "" if decision.allowed else refused, *place)


def _validate(form: Mapping[str, str], role: Any, *, chained: bool) -> None:  # noqa: ANN401 - moto has no types
    """Check the parameters of a call that assumes a role.

    Raises:
        Refusal: STS does not take them.
    """
    if not _ROLE.fullmatch(form.get("RoleArn", "")):
        raise _validation(f"{form.get('RoleArn', '')} is invalid")
    if not _NAME.fullmatch(name := form.get("RoleSessionName", "")):
        raise _constraint(
            "roleSessionName", name, "satisfy regular expression pattern: [\\w+=,.@-]*"
        )
    text = form.get("DurationSeconds", str(_HOUR))
    seconds = int(text) if text.isdecimal() else 0
    if seconds not in _SECONDS:
        edge, word = (_SECONDS[0], "greater") if seconds < _SECONDS[0] else (_SECONDS[-1], "less")
        raise _constraint("durationSeconds", text, f"have value {word} than or equal to {edge}")
    exceeds = "The requested DurationSeconds exceeds the "
    if chained and seconds > _HOUR:
        raise _validation(f"{exceeds}1 hour session limit for roles assumed by role chaining")
    if role is not None and seconds > int(role.max_session_duration or _HOUR):
        raise _validation(f"{exceeds}MaxSessionDuration set for this role.")


def _constraint(name: str, value: str, must: str) -> Refusal:
    return _validation(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must {must}"
    )


def _validation(words: str) -> Refusal:
    return Refusal("ValidationError", 400, words)
