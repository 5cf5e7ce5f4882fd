"""Which CircleCI jobs may assume a role: from trust settings to the trust policy.

The holder of a token controls a part of its subject: anyone who can push chooses the
name of the branch, and ``*`` in StringLike also matches ``/``. So every part before the
ref is anchored: ids are UUIDs of 36 characters, and any id is written as 36
single-character wildcards, never as ``*``.

Source: circleci-docs, "OpenID Connect tokens" (issuer, ``aud``, ``sub`` V1 and
V2); AWS IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from itertools import product
from typing import Final

from components.circleci.subject import ANY_UUID, PROJECT_CLAIM, TWO_REFS, Job, issuer
from components.iam.conditions import Condition, condition
from components.iam.decide import WEB_IDENTITY
from components.iam.document import Choice, PolicyDocument, Statement, document
from components.settings.model import Trust
from components.settings.trust_rules import ANY_PROJECT


def provider_arn(partition: str, account: str, organization: str) -> str:
    """The ARN of an organization's OIDC provider in an account."""
    return f"arn:{partition}:iam::{account}:oidc-provider/{issuer(organization)}"


def subjects(trust: Trust) -> tuple[str, ...]:
    """The patterns of ``sub`` that the trust allows, sorted.

    Without origins, both token versions are allowed, since the ``circleci/aws-cli`` orb
    sends V2. With origins, only V2 is allowed, since V1 tokens do not contain the origin.
    """
    projects = [ANY_UUID] if ANY_PROJECT in trust.projects else trust.projects
    users = trust.users or (ANY_UUID,)
    jobs = product((trust.organization,), projects, users)
    return tuple(sorted(Job(*job, *code).subject for job, code in product(jobs, _sources(trust))))


def _sources(trust: Trust) -> list[tuple[str | None, str | None]]:
    """The allowed origins and refs; None for tokens that do not contain them."""
    if not trust.origins:
        return [(None, None), ("*", "*")]
    return list(product(trust.origins, trust.refs or ("*",)))


def trust_document(trust: Trust, provider: str) -> PolicyDocument:
    """The trust policy that allows exactly the CircleCI jobs that ``trust`` describes.

    Args:
        trust: The checked settings.
        provider: ARN of the organization's OIDC provider in the role's account.
    """
    statement = Statement(
        Choice((WEB_IDENTITY,)),
        conditions=_conditions(trust),
        principals=frozenset({("Federated", provider)}),
    )
    return document([statement])


def _conditions(trust: Trust) -> tuple[Condition, ...]:
    key = issuer(trust.organization)
    patterns = subjects(trust)
    is_open = any("*" in pattern or "?" in pattern for pattern in patterns)
    found = [
        condition("StringEquals", f"{key}:aud", (trust.organization,)),
        condition("StringLike" if is_open else "StringEquals", f"{key}:sub", patterns),
    ]
    if trust.origins and any(pattern.endswith("*") for pattern in patterns):
        found.append(condition("StringNotLike", f"{key}:sub", (TWO_REFS,)))
    if trust.project_id_claim:
        claim = f"{key}:{PROJECT_CLAIM}"
        found.append(condition("StringEquals", claim, tuple(sorted(trust.projects))))
    return tuple(sorted(found, key=lambda one: (one.operator.name, one.key, one.values)))


def description(trust: Trust) -> str:
    """The jobs that may assume the role, in words, for the description of the role.

    It is cut to the 1,000 characters that IAM allows.
    """
    projects = "any project" if ANY_PROJECT in trust.projects else _some("project", trust.projects)
    words = [f"Assumed by CircleCI jobs of organization {trust.organization}, {projects}"]
    if trust.users:
        words.append(f"run by {_some('user', trust.users)}")
    if trust.origins:
        words.append(f"from {_some('origin', trust.origins)}")
    if trust.refs:
        words.append(f"at {_some('ref', trust.refs)}")
    text = ", ".join(words)
    return text if len(text) <= _DESCRIPTION else f"{text[: _DESCRIPTION - 3]}..."


_DESCRIPTION: Final = 1_000
_NAMED: Final = 3


def _some(noun: str, values: tuple[str, ...]) -> str:
    if len(values) > _NAMED:
        return f"one of {len(values)} {noun}s"
    return f"{noun} {' or '.join(values)}"
