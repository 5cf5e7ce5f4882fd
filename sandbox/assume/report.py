"""What `assume` prints: who asked, what was checked, and what the session can do."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Final

from components.circleci.claims import Claims
from components.circleci.subject import CLAIMS
from components.iam.document import Effect, Statement
from components.iam.words import conditions_said, selected
from components.settings.findings import printable
from sandbox.assume.attempt import Attempt, Session
from sandbox.assume.checks import Check
from sandbox.assume.reading import Policy
from sandbox.stacks import SandboxStack

WIDTH: Final = 80
_SUBJECT_PART: Final = re.compile(r"/(?=(?:project|user|vcs-origin|vcs-ref)/)")
_NAMED: Final = 12
_MOTO: Final = (
    "The list says what AWS would allow. moto lets a session make any call, whatever the policies "
    "say, so that one which works here may be refused by AWS."
)


def as_text(stack: SandboxStack, identity: str, tried: Attempt) -> str:
    """Return how it went, in lines of at most 80 characters."""
    return "\n".join(_lines(stack, identity, tried))


def as_json(stack: SandboxStack, identity: str, tried: Attempt) -> dict[str, Any]:
    """Return how it went as `--json` prints it; a session's secrets are not in it."""
    session = tried.session
    given = session and {
        "accessKeyId": session.access_key,
        "arn": session.arn,
        "expires": session.expires.isoformat(),
    }
    return {
        "stack": stack.name,
        "account": stack.account,
        "identity": identity,
        "role": tried.role.arn,
        "trusted": session is not None,
        "claims": dict(tried.claims),
        "checks": [
            {"name": one.name, "passed": one.passed, "words": list(one.words)}
            for one in tried.checks
        ],
        "awsError": _aws_error(tried.checks),
        "session": given,
        "policies": [_policy_json(policy) for policy in tried.role.policies],
        "permissionsBoundary": tried.role.boundary,
    }


def _lines(stack: SandboxStack, identity: str, tried: Attempt) -> Iterator[str]:
    answer = "yes, it lets this job in" if tried.session else "no, it does not let this job in"
    yield from _wrapped(f"{identity} of {stack.name}: {answer}")
    yield "\nThe token says:"
    yield from _columns(_claim_rows(tried.claims))
    yield "\nChecked by the sandbox, by AWS's rules (moto checks none of it):"
    yield from _columns(_check_rows(tried.checks))
    if (error := _aws_error(tried.checks)) is not None:
        yield ""
        yield from _wrapped(
            f"AWS would answer {error}; moto, which takes any token, was not asked."
        )
    if tried.session is not None:
        yield "\nThe session that moto's STS gave:"
        yield from _columns(_session_rows(tried.session))
        yield "\nIt may, by the role's policies as read back:"
        for policy in tried.role.policies:
            yield from _policy_lines(policy)
        if tried.role.boundary:
            yield from _wrapped(f"within the permissions boundary {tried.role.boundary}", "  ")
        yield ""
        yield from _wrapped(_MOTO)


def _claim_rows(claims: Claims) -> Iterator[tuple[str, str]]:
    first, *more = _SUBJECT_PART.split(str(claims.get("sub", "nothing")))
    yield "subject", first
    for part in more:
        yield "", f"/{part}"
    yield "audience", str(claims.get("aud", "nothing"))
    if claims.get(f"{CLAIMS}ssh-rerun"):
        yield "SSH", "a rerun with SSH, which AWS can't know"


def _check_rows(made: Iterable[Check]) -> Iterator[tuple[str, str, str]]:
    for one in made:
        for number, words in enumerate(one.words):
            yield "ok" if one.passed else "no", "" if number else one.name, words


def _aws_error(made: Iterable[Check]) -> str | None:
    return next((one.aws_error for one in made if not one.passed), None)


def _session_rows(session: Session) -> list[tuple[str, str]]:
    return [
        ("caller", session.arn),
        ("access key", f"{session.access_key}; its secrets are not shown"),
        ("until", f"{session.expires:%Y-%m-%d %H:%M:%S} UTC"),
    ]


def _policy_lines(policy: Policy) -> Iterator[str]:
    yield from _wrapped(f"{policy.name}, {'managed' if policy.managed else 'inline'}:", "  ")
    for statement in policy.statements:
        denies = "never " if statement.effect is Effect.DENY else ""
        yield from _wrapped(f"{denies}{selected(statement.actions, _NAMED)}", "    ")
        yield from _wrapped(f"on {selected(statement.resources, _NAMED)}", "      ")
        if statement.conditions:
            yield from _wrapped(f"where {conditions_said(statement.conditions)}", "      ")


def _policy_json(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "managed": policy.managed,
        "statements": [_statement_json(statement) for statement in policy.statements],
    }


def _statement_json(statement: Statement) -> dict[str, Any]:
    resources = statement.resources
    return {
        "effect": statement.effect.value,
        "notActions" if statement.actions.negated else "actions": list(statement.actions.values),
        "notResources" if resources.negated else "resources": list(resources.values),
        "conditions": [one.to_json() for one in statement.conditions],
    }


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Lay rows out; the last column is wrapped."""
    some = list(rows)
    widths = [max(map(len, column)) for column in zip(*(row[:-1] for row in some), strict=True)]
    for *heads, last in some:
        cells = [head.ljust(width) for head, width in zip(heads, widths, strict=True)]
        yield from _wrapped(last, "  " + "".join(f"{cell}  " for cell in cells))


def _wrapped(words: str, start: str = "") -> list[str]:
    """Break words into lines, below each other, with what a terminal would obey escaped."""
    return textwrap.wrap(
        printable(words),
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )
