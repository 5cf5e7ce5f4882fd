"""Which CircleCI jobs a role's trust lets in, read back from its document.

The form is that of ``components.policy.trust``: the audience is the organization, the subject is
one of several patterns. A trust of any other form, as one made by hand, is left as it is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from components.circleci.tokens import PROJECT_CLAIM
from components.evaluation.conditions import parse_operator
from components.evaluation.parsing import Effect
from components.policy.document import PolicyDocument
from components.policy.trust import ACTION, ANY_UUID, TWO_REFS
from rollout.access import permissions as access
from rollout.access.cover import reduced
from rollout.access.permissions import Choice, KeyTest, Permission

_PROVIDER: Final = re.compile(r"Federated (?P<arn>arn:[^:]+:iam::\d+:oidc-provider/(?P<url>.+))")
_ID: Final = rf"[^/*?]+|{re.escape(ANY_UUID)}"
_SUBJECT: Final = re.compile(
    rf"org/(?P<organization>[^/*?]+)/project/(?P<project>{_ID})/user/(?P<user>{_ID})"
    r"(?:/vcs-origin/(?P<origin>\*|[^*?]+?)/vcs-ref/(?P<ref>[^*?]+\*?|\*))?"
)

Source = tuple[str, str] | None
"""Origin and ref, of a token of version 2; None for a token that names none."""


@dataclass(frozen=True)
class Admission:
    """CircleCI jobs that a trust lets in: one value of each kind.

    ``claims_project`` says whether the token's project claim is checked too; ``rest`` are tests
    that this project does not write.
    """

    provider: str
    organization: str
    project: str
    user: str
    source: Source
    claims_project: bool
    rest: frozenset[KeyTest]


def admissions(trust: PolicyDocument | None) -> frozenset[Permission]:
    """Who may assume a role, reduced; without a trust nobody.

    The exclusion of doubled refs stands on all subjects where it holds anyway, so that adding it
    with one more ref does not look like a change of the others.

    Raises:
        PolicyError: A document that cannot be read.
    """
    found = () if trust is None else access.admissions(trust)
    return reduced(one for raw in found for one in _normal(raw))


def _normal(permission: Permission) -> Iterable[Permission]:
    subjects = [test for test in permission.tests if _wants(test, ":sub")]
    parts = _SUBJECT.fullmatch(subjects[0].values[0]) if len(subjects) == 1 else None
    if parts is None:
        return [permission]
    claims = {
        test.values[0]
        for test in permission.tests
        if _wants(test, f":{PROJECT_CLAIM}") and test.operator.name == "StringEquals"
    }
    if claims - {parts["project"]} and parts["project"] != ANY_UUID:
        # CircleCI signs one project, in the subject and in the claim: no token has two.
        return []
    tests = permission.tests
    if parts["origin"] != "*" and not (parts["ref"] or "").endswith("*"):
        # The wildcards for a UUID cannot hold a "/vcs-ref/", and nothing else varies.
        tests |= {_no_two_refs(subjects[0])}
    return [Permission(permission.effect, permission.action, permission.resource, tests)]


def _no_two_refs(subject: KeyTest) -> KeyTest:
    operator = parse_operator("StringNotLike")
    return KeyTest(operator, subject.key, (TWO_REFS,), subject.spelling)


def _wants(test: KeyTest, ending: str) -> bool:
    """Whether a test asks for one value of the claim."""
    return test.key.endswith(ending) and test.operator.name in {"StringEquals", "StringLike"}


def admission(permission: Permission) -> Admission | None:
    """Read one of ``admissions`` back; None where it has not the form that this project writes."""
    provider = _PROVIDER.fullmatch(permission.resource.values[0])
    is_ours = permission.effect is Effect.ALLOW and permission.action == Choice((ACTION,))
    if provider is None or not is_ours:
        return None
    url = provider["url"].lower()
    audiences = [test for test in permission.tests if _wants(test, f"{url}:aud")]
    subjects = [test for test in permission.tests if _wants(test, f"{url}:sub")]
    if len(audiences) != 1 or len(subjects) != 1:
        return None
    parts = _SUBJECT.fullmatch(subjects[0].values[0])
    if parts is None or audiences[0].values != (parts["organization"],):
        return None
    rest = permission.tests - {audiences[0], subjects[0]}
    if parts["origin"] != "*":
        if _no_two_refs(subjects[0]) not in rest:
            return None
        rest -= {_no_two_refs(subjects[0])}
    claims = {test for test in rest if _wants(test, f":{PROJECT_CLAIM}")}
    own = frozenset(test for test in claims if test.values == (parts["project"],))
    return Admission(
        provider=provider["arn"],
        organization=parts["organization"],
        project=parts["project"],
        user=parts["user"],
        source=(parts["origin"], parts["ref"]) if parts["origin"] else None,
        claims_project=bool(own),
        rest=rest - own,
    )
