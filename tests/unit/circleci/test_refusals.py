"""Why a trust does not let a token in: the only place where these sentences are asserted."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.circleci.claims import token_request
from components.circleci.refusals import refusals
from components.circleci.subject import PROJECT_CLAIM, Job, issuer
from components.iam.decide import decide_trust
from components.iam.document import PolicyDocument
from components.policy.trust import provider_arn, trust_document
from components.settings import Trust

ORGANIZATION = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT = "6f9b2f3c-0000-4000-8000-000000000001"
OTHER = "7f9b2f3c-0000-4000-8000-000000000003"
USER = "0d1c0000-0000-4000-8000-000000000002"
APP = "github.com/acme/app"
ACCOUNT = "111111111111"
ISSUER = issuer(ORGANIZATION)
PROVIDER = provider_arn("aws", ACCOUNT, ORGANIZATION)
JOB = Job(ORGANIZATION, PROJECT, USER, APP, "refs/heads/main")
MAIN: dict[str, Any] = {"origins": [APP], "refs": ["refs/heads/main"]}
NO_REF = "the token has no ref; the trust allows"
NO_ORIGIN = (
    "the token has no origin (V1 tokens never have one, nor V2 tokens after a custom webhook); "
    "the trust allows"
)


def document(partition: str = "aws", **trust: Any) -> PolicyDocument:
    config = {"organization": ORGANIZATION, "projects": [PROJECT], **trust}
    provider = provider_arn(partition, ACCOUNT, ORGANIZATION)
    return trust_document(Trust.model_validate(config), provider)


def said(
    trust: PolicyDocument, job: Job = JOB, /, partition: str = "aws", **claimed: Any
) -> list[str] | None:
    """What is said of a job's token; None where it is let in."""
    claims = {
        "iss": f"https://{issuer(job.organization)}",
        "aud": job.organization,
        "sub": job.subject,
        PROJECT_CLAIM: job.project,
        **claimed,
    }
    request = token_request(claims, partition, ACCOUNT)
    decision = decide_trust(trust, request)
    return None if decision.allowed else refusals(trust, request, decision)


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **changes,
    }


def of(*statements: dict[str, Any]) -> PolicyDocument:
    return {"Version": "2012-10-17", "Statement": list(statements)}


TWO = document(projects=[PROJECT, OTHER], origins=[APP, "github.com/acme/b"], refs=["refs/a"])
LETTERS = [f"refs/heads/{letter}" for letter in "abcdef"]
CRAFTED = f"x/vcs-origin/{APP}/vcs-ref/refs/heads/main"
FORK = replace(JOB, origin="github.com/fork/app")
OTHER_PROJECT = f"project is {OTHER}; the trust allows {PROJECT}"


@pytest.mark.parametrize(
    ("trust", "job", "words"),
    [
        (document(**MAIN), JOB, None),
        (
            document(**MAIN),
            replace(JOB, ref="refs/heads/other"),
            ["ref is refs/heads/other; the trust allows refs/heads/main"],
        ),
        (document(**MAIN), FORK, [f"origin is github.com/fork/app; the trust allows {APP}"]),
        (document(**MAIN), replace(JOB, project=OTHER), [OTHER_PROJECT]),
        (
            document(**MAIN),
            replace(JOB, project=OTHER, ref="x"),
            [OTHER_PROJECT, "ref is x; the trust allows refs/heads/main"],
        ),
        (
            document(**MAIN),
            Job(ORGANIZATION, PROJECT, USER),
            [f"{NO_ORIGIN} {APP}", f"{NO_REF} refs/heads/main"],
        ),
        # A crafted branch name is told apart from what it plays.
        (
            document(**MAIN),
            replace(FORK, ref=CRAFTED),
            [
                f"origin is github.com/fork/app; the trust allows {APP}",
                f"ref is {CRAFTED}; the trust allows refs/heads/main",
            ],
        ),
        (
            document(origins=[APP], refs=["refs/tags/v*"]),
            replace(JOB, ref="refs/tags/v1/vcs-ref/x"),
            [
                (
                    "sub holds vcs-ref twice, so it could also be read as a job of another origin; "
                    "the trust does not allow such tokens"
                )
            ],
        ),
        # Of many subjects the nearest: not the other project's, nor the refs of the other origin.
        (TWO, JOB, ["ref is refs/heads/main; the trust allows refs/a"]),
        (
            TWO,
            replace(JOB, origin="github.com/acme/c", ref="refs/a"),
            [f"origin is github.com/acme/c; the trust allows {APP} or github.com/acme/b"],
        ),
        (
            document(origins=[APP], refs=LETTERS),
            JOB,
            [f"ref is refs/heads/main; the trust allows {' or '.join(LETTERS[:4])} or 2 more"],
        ),
        # CircleCI makes no such user; the words must not show 36 question marks.
        (document(), replace(JOB, user="me"), ["user is me; the trust allows any UUID"]),
        (
            document(**MAIN),
            replace(JOB, organization=OTHER),
            [f"the token's issuer is {issuer(OTHER)}; the trust names {ISSUER}"],
        ),
    ],
)
def test_the_part_of_the_token_that_differs_is_said(
    trust: PolicyDocument, job: Job, words: list[str] | None
) -> None:
    assert said(trust, job) == words


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([], ["the trust policy has no statement that allows anything"]),
        ([statement(), statement(Effect="Deny")], ["statement 2 of the trust policy denies it"]),
        ([statement(Effect="Deny"), statement()], ["statement 1 of the trust policy denies it"]),
        (
            [statement(Action="sts:TagSession")],
            ["the trust allows sts:TagSession, not sts:AssumeRoleWithWebIdentity"],
        ),
        (
            [statement(Principal={"AWS": "arn:aws:iam::111111111111:root"})],
            [f"the token's issuer is {ISSUER}; the trust names arn:aws:iam::111111111111:root"],
        ),
        (
            [statement(Condition={"StringLike": {f"{ISSUER}:sub": "org/x/*"}})],
            [f"sub is {JOB.subject}; the trust allows org/x/*"],
        ),
        (
            [statement(Condition={"StringNotLike": {f"{ISSUER}:sub": "*/refs/*"}})],
            [f"the trust requires that sub is not */refs/*; the token says {JOB.subject}"],
        ),
        (
            [statement(Condition={"StringEquals": {"aws:PrincipalTag/x": "y"}})],
            ["the trust requires that aws:PrincipalTag/x is y; the token has no such claim"],
        ),
    ],
)
def test_a_trust_made_by_hand_is_judged_and_said_too(
    statements: list[dict[str, Any]], words: list[str]
) -> None:
    assert said(of(*statements)) == words


def test_statements_are_numbered_where_there_are_several() -> None:
    keys = [f"{ISSUER}:{claim}" for claim in ("aud", "amr")]
    some = [statement(Condition={"StringEquals": {key: "x"}}) for key in keys]
    assert said(of(*some)) == [
        f"statement 1: aud is {ORGANIZATION}; the trust allows x",
        "statement 2: the trust requires that amr is x; the token has no such claim",
    ]


def test_the_project_claim_is_asked_for_where_the_trust_does() -> None:
    trusting = document(projectIdClaim=True)
    assert said(trusting) is None
    words = f"{PROJECT_CLAIM} is {OTHER}; the trust allows {PROJECT}"
    assert said(trusting, **{PROJECT_CLAIM: OTHER}) == [words]


def test_the_project_claim_is_a_key_in_the_commercial_partition_only() -> None:
    words = f"the trust requires that {PROJECT_CLAIM} is {PROJECT}; the token has no such claim"
    trusting = document("aws-us-gov", projectIdClaim=True)
    assert said(trusting, partition="aws-us-gov") == [words]


def test_a_foreign_audience_is_said() -> None:
    words = f"aud is sts.amazonaws.com; the trust allows {ORGANIZATION}"
    assert said(document(**MAIN), aud="sts.amazonaws.com") == [words]


_PIECES = ["a", "x", "/", "*", "?", "-", "${", "}", "vcs-ref", "/vcs-ref/", "/vcs-origin/", APP]
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)


@given(origin=_TEXTS, ref=_TEXTS, refs=st.sampled_from([["refs/heads/main"], ["refs/*"], []]))
def test_whoever_is_refused_is_given_a_reason(origin: str, ref: str, refs: list[str]) -> None:
    changes: dict[str, Any] = {"origins": [APP], "refs": refs} if refs else {"origins": [APP]}
    found = said(document(**changes), replace(JOB, origin=origin, ref=ref))
    if found is not None:
        assert found
        allowed = ("; the trust allows ", "; the trust does not allow ")
        assert all(any(words in reason for words in allowed) for reason in found)


def test_a_subject_without_a_source_takes_tokens_without_one() -> None:
    subject = f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}"
    exact = of(statement(Condition={"StringEquals": {f"{issuer(ORGANIZATION)}:sub": subject}}))
    assert said(exact, JOB) == [
        "origin is github.com/acme/app; the trust allows tokens without one",
        "ref is refs/heads/main; the trust allows tokens without one",
    ]
