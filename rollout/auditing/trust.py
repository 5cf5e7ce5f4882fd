"""What is risky in the trust of roles that CircleCI jobs may assume, and in OIDC providers."""

from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from typing import Final

from components.circleci.asked_job import MADE_UP_ID
from components.circleci.crafted import Wanted
from components.circleci.subject import ANY_UUID, Job, issuer
from components.iam.document import PolicyError, PolicyKind, Statement, parse
from components.iam.words import conditions_said
from rollout.auditing.admitted import Admitted, Token, organizations
from rollout.auditing.instead import trust_instead
from rollout.auditing.risks import Risk, Weakness
from rollout.deployed.model import DeployedAccount, DeployedRole

_ANY_AUDIENCE: Final = "any-audience"
_SUBJECTS: Final = frozenset(
    {
        Weakness.NO_SUBJECT,
        Weakness.CRAFTED_BRANCH,
        Weakness.ANY_PROJECT,
        Weakness.CRAFTED_ORIGIN,
        Weakness.NOT_JUDGED,
    }
)
"""If none of these is found, the subject must have a form that is known to be safe."""

_Found = tuple[Weakness, str, Token]


def trust_risks(account: DeployedAccount, role: DeployedRole) -> Iterator[Risk]:
    """Judge a role's trust policy for each CircleCI organization that it names."""
    try:
        statements = _read(role)
        for organization in organizations(account, statements):
            yield from _judged(role, Admitted(account, organization, role.trust, statements))
    except ValueError as error:
        text = f"its trust policy can't be judged: {error}"
        yield Risk(Weakness.NOT_JUDGED, "role", role.name, text)


def is_of_circleci(account: DeployedAccount, role: DeployedRole) -> bool:
    """Whether the role's trust policy names a CircleCI organization, or can't be read."""
    try:
        return bool(organizations(account, _read(role)))
    except PolicyError:
        return True


def provider_risks(account: DeployedAccount) -> Iterator[Risk]:
    """Providers of CircleCI that do not take the organization alone as the audience."""
    for one in account.providers:
        start, _, organization = one.url.rpartition("/")
        if f"{start}/" != issuer(""):
            continue
        also = [audience for audience in one.audiences if audience != organization]
        texts = [f"also takes the audiences {', '.join(also)}"] if also else []
        if organization not in one.audiences:
            texts.append(f"lacks the audience {organization}, so CircleCI's own tokens are refused")
        for text in texts:
            yield Risk(Weakness.PROVIDER_AUDIENCES, "provider", one.url, text)


def _read(role: DeployedRole) -> tuple[Statement, ...]:
    return parse(role.trust, PolicyKind.TRUST.value, PolicyKind.TRUST)


def _judged(role: DeployedRole, admitted: Admitted) -> Iterator[Risk]:
    instead = trust_instead(admitted.organization, [one.parts for one in admitted.wanted])

    def risk(weakness: Weakness, text: str, token: Token | None = None) -> Risk:
        entry = {"sub": token.job.subject, "aud": token.audience} if token else None
        return Risk(weakness, "role", role.name, text, entry, instead)

    tests = [test for one in admitted.statements if one.variables for test in one.conditions]
    if variables := [value for test in tests for value in test.values if "${" in value]:
        yield risk(Weakness.NOT_JUDGED, f"its trust has a policy variable: {variables[0]}")
        return
    if admitted.provider is None and admitted.admitting:
        text = f"the account has no provider {issuer(admitted.organization)}: no job gets in now"
        yield risk(Weakness.NO_PROVIDER, text)
    told = set()
    for weakness, text, token in _weaknesses(admitted):
        told.add(weakness)
        if not admitted.takes(token.audience):
            text += f"; now its provider does not take the audience {token.audience}"  # noqa: PLW2901 - the whole text
        if token.sure:
            yield risk(weakness, text, token)
        else:
            told.add(Weakness.NOT_JUDGED)
            asked = conditions_said(admitted.unknown)
            yield risk(Weakness.NOT_JUDGED, f"{text}, unless this forbids it: {asked}", token)
    if not told & _SUBJECTS:
        for doubtful in admitted.doubts():
            text = f"{doubtful}: nothing was found that gets in unmeant, but it is not certain"
            yield risk(Weakness.NOT_JUDGED, text)


def _weaknesses(admitted: Admitted) -> Iterator[_Found]:
    first, means = admitted.first, admitted.means
    if not all(map(admitted.subjects, admitted.admitting)) and (
        token := first(lambda job: job.project == MADE_UP_ID and means(job))
    ):
        text = "no condition names a subject: every job of the organization gets in"
        yield Weakness.NO_SUBJECT, text, token
    for weakness, nested in ((Weakness.CRAFTED_BRANCH, False), (Weakness.CRAFTED_ORIGIN, True)):
        if token := first(lambda job, nested=nested: not means(job) and _is_nested(job) is nested):  # type: ignore[misc] # a default binds the loop's value
            yield weakness, _crafted(admitted, token.job), token
    named = {one.parts.project for one in admitted.wanted}
    for one in admitted.wanted:
        if token := first(partial(_opens_project, one, named)):
            text = f"the subject {one.text} lets in other projects of the organization"
            yield Weakness.ANY_PROJECT, text, token
            break
    others = [one for one in admitted.values("aud") if not set(one) & set("*?")]
    others = [one for one in (*others, *admitted.audiences) if one != admitted.organization]
    if token := first(means, dict.fromkeys(others)):
        text = f"also lets in tokens for the audience {token.audience}"
        yield Weakness.OTHER_AUDIENCE, text, token
    if first(means, [_ANY_AUDIENCE]) and (token := first(means)):
        text = "no condition names the audience: only the provider checks it"
        yield Weakness.NO_AUDIENCE, text, token


def _is_nested(job: Job) -> bool:
    return "/vcs-ref/" in (job.origin or "")


def _opens_project(wanted: Wanted, named: set[str], job: Job) -> bool:
    """Whether the value lets in the job's project by ``*``, which may be one that nobody meant."""
    by_chance = wanted.parts.project != ANY_UUID and job.project not in named
    return by_chance and wanted.means(job) and wanted.pattern.matches(job.subject)


def _crafted(admitted: Admitted, job: Job) -> str:
    """What gets in, and the part of the subject that it should have had."""
    fitting = [one for one in admitted.wanted if one.pattern.matches(job.subject)]
    what = f"the repository {job.origin}" if _is_nested(job) else f"the branch {job.ref}"
    for one in fitting:
        for part in reversed(fields(Job)):
            said = getattr(one.parts, part.name)
            if said not in {"*", getattr(job, part.name)}:
                return f"the subject {one.text} lets in {what}; {part.name} should be {said}"
    return f"lets in {what}, which its subject does not mean"
