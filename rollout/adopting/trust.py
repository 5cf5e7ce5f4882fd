"""A role's trust policy as the config's `trust`, if that lets in the same jobs."""

import re
from collections.abc import Mapping
from typing import Any, Final

from components.circleci.subject import ANY_UUID, Job, parse_subject
from components.iam.conditions import Condition
from components.iam.document import PolicyDocument
from components.iam.rules import Rule
from components.iam.words import conditions_said
from components.settings.trust_rules import ANY_PROJECT
from rollout.access.trust_forms import Admission, admission, normal_admissions
from rollout.adopting.grants import UnsayableError

_ANY_USER: Final = re.compile(r"org/[0-9a-f-]{36}/project/([0-9a-f-]{36}|[?-]{36})/user/\*")
"""It lets in both versions of a project's tokens, whoever runs the job and of whatever ref: each
subject that CircleCI writes for the project begins so."""


def jobs(trust: PolicyDocument) -> frozenset[Rule]:
    """Who may assume a role; `user/*` at the end of a subject is spelt as the config does.

    Raises:
        PolicyError: the policy can't be read.
    """
    return normal_admissions(_spelt_out(trust))


def _spelt_out(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return {name: _spelt_out(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        found = [_spelt_out(inner, key) for inner in value]
        return [one for some in found for one in (some if isinstance(some, list) else [some])]
    if key.lower().endswith(":sub") and isinstance(value, str) and _ANY_USER.fullmatch(value):
        job = parse_subject(value)
        ids = (job.organization, job.project, ANY_UUID) if job else ("", "", "")
        return [Job(*ids).subject, Job(*ids, "*", "*").subject]
    return value


def trust_config(let_in: frozenset[Rule]) -> dict[str, Any]:
    """Return `trust` as the config has it; the caller proves that it lets in the same jobs.

    Raises:
        UnsayableError: the config can't say it.
    """
    found = [_admission(rule) for rule in sorted(let_in, key=lambda one: one.order)]
    if not found:
        raise UnsayableError("it lets nobody in")
    organizations = sorted({one.organization for one in found})
    if len(organizations) > 1:
        raise UnsayableError(f"it trusts the organizations {', '.join(organizations)}; name one")
    sources = {one.source for one in found}
    code = sorted(one for one in sources if one) if sources - {None, ("*", "*")} else []
    refs = sorted({ref for _, ref in code})
    given = {
        "organization": organizations[0],
        "projects": _ids({one.project for one in found}) or [ANY_PROJECT],
        "users": _ids({one.user for one in found}),
        "origins": sorted({origin for origin, _ in code}),
        "refs": [] if refs == ["*"] else refs,
        "projectIdClaim": any(one.claims_project for one in found),
    }
    return {key: value for key, value in given.items() if value}


def _admission(rule: Rule) -> Admission:
    found = admission(rule)
    if found is None:
        raise UnsayableError(_wrong(rule))
    if found.rest:
        raise UnsayableError(f"asks that {_said(found.rest)}: the config has no word for it")
    return found


def _ids(values: set[str]) -> list[str]:
    """Ids as a list, which is empty if any id is allowed."""
    return [] if ANY_UUID in values else sorted(values)


def _wrong(rule: Rule) -> str:
    """What is wrong with a rule, and what would be right."""
    who = rule.resource.values[0]
    if "oidc-provider/oidc.circleci.com/org/" not in who:
        return f"{rule.effect.value} {rule.action.values[0]} by {who}, which is not CircleCI"
    subjects, audiences = (
        [one for one in rule.conditions if one.folded_key.endswith(claim)]
        for claim in (":sub", ":aud")
    )
    if not subjects:
        return f"asks for no sub, so every job of the organization gets in; right is {_SUB}"
    said = f"lets in jobs where {_said(rule.conditions)}"
    if not audiences:
        return f"{said}, and asks for no audience; right is aud too, which is the organization's id"
    if any("*" in value for one in subjects for value in one.values):
        return (
            f"{said}: * also matches /, so jobs of other projects, origins or refs may pass; right "
            f"is {_SUB}"
        )
    return f"{said}; right is aud, which is the organization's id, and {_SUB}"


_SUB: Final = (
    f"a sub such as org/ORGANIZATION/project/PROJECT/user/{ANY_UUID}, with ids in their places"
)


def _said(tests: frozenset[Condition]) -> str:
    """Conditions in words, without the issuer in their keys."""
    said = conditions_said(sorted(tests, key=lambda one: one.order))
    return re.sub(r"oidc\.circleci\.com/org/[^:\s]+:", "", said)
