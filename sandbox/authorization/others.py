"""Calls of other services than S3 and STS: only the action is decided, on `*`."""

from typing import Final

from components.iam.decide import Request
from sandbox.authorization import boundaries
from sandbox.authorization.decisions import check_action, message
from sandbox.authorization.refusal import DENIED, HttpAnswer, Refusal, access_denied
from sandbox.authorization.visit import Visit

_SCOPE: Final = "the sandbox decides S3 and STS, and of other services only the action, on *"


def answer(visit: Visit) -> HttpAnswer:
    """Decide a call and let moto answer it.

    Raises:
        Refusal: it is not allowed.
    """
    visit.operation = operation(visit)
    if visit.signed is None:
        raise unsigned()
    principal, _ = visit.caller
    if not principal.own and not visit.operation:
        raise access_denied(f"User: {principal.arn} is not authorized: {_SCOPE}.")
    decide_action(visit)
    return boundaries.answer(visit) if visit.service == "iam" else visit.pass_on()


def decide_action(visit: Visit, note: str = f" ({_SCOPE})") -> None:
    """Decide the action of a call on `*`.

    Raises:
        Refusal: it is not allowed.
    """
    principal, _ = visit.caller
    policies = None if principal.own else principal.policies()
    check = check_action(policies, Request(f"{visit.service}:{visit.operation}", "*", visit.keys))
    visit.checks.append(check)
    if not check.allowed:
        raise access_denied(message(principal.arn, check) + note)


def unsigned() -> Refusal:
    """The refusal of a call without a signature."""
    words = "Request is missing Authentication Token"
    return Refusal("MissingAuthenticationToken", DENIED, words)


def operation(visit: Visit) -> str:
    """The operation that a call of a query or JSON API names; empty if it names none.

    Raises:
        Refusal: it may be read as two.
    """
    http = visit.http
    target, action = http.headers.get("x-amz-target", ""), http.form.get("Action", "")
    if http.has_two_readings or (target and action):
        raise Refusal("InvalidAction", 400, "The call can be read in two ways.")
    # The APIs that name the operation have no other path.
    return target.rpartition(".")[2] or action if http.path == "/" else ""
