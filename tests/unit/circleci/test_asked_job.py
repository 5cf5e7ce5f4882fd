"""The job that is asked about: by itself one that the trust lets in."""

import re
from typing import Any

import pytest

from components.circleci.asked_job import MADE_UP_ID, Asked, job_of
from components.iam.decide import decide_trust, web_identity
from components.policy.trust import provider_arn, trust_document
from components.settings import Role, Trust, load
from tests.unit.sandbox.test_tokens import ORGANIZATION, PROJECT, USER

OTHER = "2f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
APP = "github.com/acme/app"


def trust(**changes: Any) -> Trust:
    wanted = {"organization": ORGANIZATION, "projects": [PROJECT], **changes}
    grants = [{"bucket": "acme-site", "access": ["read"]}]
    role = {"kind": "role", "trust": wanted, "grants": grants}
    identity = load("test", {"identities": {"deploy": role}}).identities["deploy"]
    assert isinstance(identity, Role)
    return identity.trust


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"projects": ["*"]},
        {"projects": [OTHER, PROJECT]},
        {"users": [USER]},
        {"origins": [APP]},
        {"origins": [APP], "refs": ["refs/heads/main"]},
        {"origins": [APP], "refs": ["refs/tags/v*"]},
        {"origins": [APP], "refs": ["refs/heads/release/*", "refs/heads/main"]},
        {"origins": [APP], "refs": ["refs/*"]},
        {"projects": ["*"], "origins": [APP, "gitlab.com/acme/app"], "refs": ["refs/heads/m*"]},
    ],
)
def test_a_job_that_nothing_is_asked_of_is_let_in(changes: dict[str, Any]) -> None:
    wanted = trust(**changes)
    job = job_of(wanted, Asked())
    provider = provider_arn("aws", "111111111111", ORGANIZATION)
    request = web_identity(provider, {"aud": ORGANIZATION, "sub": job.subject})
    assert decide_trust(trust_document(wanted, provider), request).allowed


def test_what_the_trust_leaves_open_is_made_up() -> None:
    job = job_of(trust(projects=["*"]), Asked())
    assert (job.project, job.user) == (MADE_UP_ID, MADE_UP_ID)
    assert (job.origin, job.ref) == ("github.com/example/app", "refs/heads/main")


@pytest.mark.parametrize(
    ("pattern", "ref"),
    [
        ("refs/heads/main", "refs/heads/main"),
        ("refs/tags/v*", "refs/tags/v1.0.0"),
        ("refs/heads/release/*", "refs/heads/release/example"),
    ],
)
def test_a_ref_pattern_gives_an_example(pattern: str, ref: str) -> None:
    assert job_of(trust(origins=[APP], refs=[pattern]), Asked()).ref == ref


def test_what_is_asked_wins() -> None:
    asked = Asked(OTHER, OTHER, OTHER, "github.com/fork/app", "refs/pull/1/head")
    job = job_of(trust(users=[USER], origins=[APP], refs=["refs/heads/main"]), asked)
    assert (job.organization, job.project, job.user) == (OTHER, OTHER, OTHER)
    assert (job.origin, job.ref) == ("github.com/fork/app", "refs/pull/1/head")


def test_a_webhooks_job_has_no_origin_and_no_ref() -> None:
    job = job_of(trust(origins=[APP], refs=["refs/heads/main"]), Asked(webhook=True))
    assert (job.origin, job.ref) == (None, None)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(organization="acme"), "--organization: 'acme' is not a lowercase UUID"),
        (Asked(project="*"), "--project: '*' is not a lowercase UUID"),
        (Asked(user=USER.upper()), "--user: '0D1C"),
        (Asked(user=USER.replace("-", "")), "is not a lowercase UUID"),
        (Asked(origin=""), "--origin: '' is empty or contains characters that can't be printed"),
        (
            Asked(ref="a\x1b[2J"),
            r"--ref: 'a\x1b[2J' is empty or contains characters that can't be printed",
        ),
        (Asked(ref="a\udc80"), r"--ref: 'a\udc80' is empty or"),
        (Asked(origin=APP, webhook=True), "--origin: with --webhook a token has no origin"),
        (Asked(ref="refs/heads/main", webhook=True), "--ref: with --webhook"),
    ],
)
def test_a_job_that_cannot_be_is_refused(asked: Asked, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        job_of(trust(), asked)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="--project") as caught:
        job_of(trust(), Asked(project="p", user="u", ref=""))
    assert len(str(caught.value).splitlines()) == 3
