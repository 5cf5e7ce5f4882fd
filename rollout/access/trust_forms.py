"""Which CircleCI jobs a role's trust policy lets in, read back from the document.

This understands the form that ``components.policy.trust`` writes: the audience is the organization,
the subject matches one of several patterns. A trust policy of another form, as one written by hand,
stays a set of rules.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from components.circleci.subject import ANY_UUID, PROJECT_CLAIM, TWO_REFS, Job, parse_subject
from components.iam import rules
from components.iam.conditions import Condition, condition
from components.iam.cover import reduced
from components.iam.decide import WEB_IDENTITY
from components.iam.document import Choice, Effect, PolicyDocument
from components.iam.rules import Rule

_PROVIDER: Final = re.compile(r"Federated (?P<arn>arn:[^:]+:iam::\d+:oidc-provider/(?P<url>.+))")

Source = tuple[str, str] | None
"""Origin and ref in a token of version 2; None for a token without them."""


@dataclass(frozen=True)
class Admission:
    """CircleCI jobs that a trust policy lets in: one value of each kind.

    ``claims_project`` says whether the token's project claim is checked too; ``rest`` are
    conditions that this project does not write.
    """

    provider: str
    organization: str
    project: str
    user: str
    source: Source
    claims_project: bool
    rest: frozenset[Condition]


def normal_admissions(trust: PolicyDocument | None) -> frozenset[Rule]:
    """Who may assume a role, reduced; without a trust policy nobody.

    A subject without wildcards never has two refs, so the condition that excludes two refs is added
    to it: then it makes no difference whether the policy has that condition.

    Raises:
        PolicyError: The document can't be read.
    """
    found = () if trust is None else rules.admissions(trust)
    return reduced(one for raw in found for one in _normal(raw))


def _normal(rule: Rule) -> Iterable[Rule]:
    subjects = [test for test in rule.conditions if _wants(test, ":sub")]
    job = _job(subjects[0]) if len(subjects) == 1 else None
    if job is None:
        return [rule]
    claims = {
        test.values[0]
        for test in rule.conditions
        if _wants(test, f":{PROJECT_CLAIM}") and test.operator.name == "StringEquals"
    }
    if claims - {job.project} and job.project != ANY_UUID:
        # CircleCI puts the same project in the subject and the claim: no token has two.
        return []
    tests = rule.conditions
    if job.origin != "*" and not (job.ref or "").endswith("*"):
        # The wildcards for a UUID can't match a "/vcs-ref/", and nothing else varies.
        tests |= {_no_two_refs(subjects[0])}
    return [Rule(rule.effect, rule.action, rule.resource, tests)]


def _no_two_refs(subject: Condition) -> Condition:
    return condition("StringNotLike", subject.key, (TWO_REFS,))


def _job(subject: Condition) -> Job | None:
    """The jobs that a pattern stands for, if this project writes such patterns."""
    text = subject.values[0]
    if subject.operator.test != "StringLike" and {*text} & {*"*?"}:
        return None  # the characters themselves, which no subject has
    job = parse_subject(text)
    return job if job is not None and job.is_anchored else None


def _wants(test: Condition, ending: str) -> bool:
    """Whether a condition asks for a value of the claim."""
    return test.folded_key.endswith(ending) and test.operator.name in {"StringEquals", "StringLike"}


def admission(rule: Rule) -> Admission | None:
    """Read one of ``admissions`` back; None if this project does not write its form."""
    provider = _PROVIDER.fullmatch(rule.resource.values[0])
    is_ours = rule.effect is Effect.ALLOW and rule.action == Choice((WEB_IDENTITY,))
    if provider is None or not is_ours:
        return None
    url = provider["url"].lower()
    audiences = [test for test in rule.conditions if _wants(test, f"{url}:aud")]
    subjects = [test for test in rule.conditions if _wants(test, f"{url}:sub")]
    if len(audiences) != 1 or len(subjects) != 1:
        return None
    job = _job(subjects[0])
    if job is None or audiences[0].values != (job.organization,):
        return None
    rest = rule.conditions - {audiences[0], subjects[0]}
    if job.origin != "*":
        if _no_two_refs(subjects[0]) not in rest:
            return None
        rest -= {_no_two_refs(subjects[0])}
    claims = {test for test in rest if _wants(test, f":{PROJECT_CLAIM}")}
    own = frozenset(test for test in claims if test.values == (job.project,))
    return Admission(
        provider=provider["arn"],
        organization=job.organization,
        project=job.project,
        user=job.user,
        source=(job.origin, job.ref) if job.origin and job.ref else None,
        claims_project=bool(own),
        rest=rest - own,
    )
