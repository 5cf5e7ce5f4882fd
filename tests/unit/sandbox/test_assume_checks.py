"""What AWS checks of a token, and the words for what is not passed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from components.circleci.subject import Job, issuer
from components.iam.document import PolicyDocument
from components.policy.trust import provider_arn, trust_document
from sandbox.assume.checks import Check, Provider, RoleTrust, checks
from sandbox.assume.tokens import LATEST, Version, claims_of, sign
from tests.unit.sandbox.test_assume_job import APP, OTHER, trust
from tests.unit.sandbox.test_tokens import JOB, NOW, ORGANIZATION, PROJECT, USER

KEY = RSAKey.generate_key(2048)
ROLE = "arn:aws:iam::111111111111:role/deploy"
ISSUER = issuer(ORGANIZATION)
PROVIDER = provider_arn("aws", "111111111111", ORGANIZATION)
MAIN = {"origins": [APP], "refs": ["refs/heads/main"]}
NO_REF = "the token names no ref; the trust takes"
NO_ORIGIN = "the token names no origin (V1 never does, nor V2 after a custom webhook); the trust"


def role(document: PolicyDocument | None = None, /, **changes: Any) -> RoleTrust:
    made = document or trust_document(trust(**changes), PROVIDER)
    return RoleTrust(ROLE, made, (Provider(PROVIDER, (ORGANIZATION,)),))


def made(trusting: RoleTrust, job: Job = JOB, /, **claimed: Any) -> dict[str, Check]:
    """The checks of a job's token, by name."""
    version: Version = claimed.pop("version", LATEST)
    claims = {**claims_of(job, version, issued=NOW), **claimed}
    found = checks(sign(claims, KEY), claims, KEY, trusting, NOW)
    return {check.name: check for check in found}


def failed(found: dict[str, Check]) -> list[str]:
    return [name for name, check in found.items() if not check.passed]


def reasons(trusting: RoleTrust, job: Job = JOB, /, **claimed: Any) -> tuple[str, ...]:
    check = made(trusting, job, **claimed)["trust"]
    assert not check.passed
    assert check.aws_error == "AccessDenied"
    return check.words


def test_a_trusted_job_passes_every_check() -> None:
    found = made(role(**MAIN))
    assert list(found) == ["signature", "expiry", "issuer", "audience", "trust"]
    assert failed(found) == []


@pytest.mark.parametrize(
    ("job", "version", "words"),
    [
        (
            replace(JOB, ref="refs/heads/other"),
            "v2",
            ["ref is refs/heads/other; the trust takes refs/heads/main"],
        ),
        (
            replace(JOB, origin="github.com/fork/app"),
            "v2",
            ["origin is github.com/fork/app; the trust takes github.com/acme/app"],
        ),
        (
            replace(JOB, project=OTHER),
            "v2",
            [f"project is {OTHER}; the trust takes {PROJECT}"],
        ),
        (
            replace(JOB, project=OTHER, ref="x"),
            "v2",
            [
                f"project is {OTHER}; the trust takes {PROJECT}",
                "ref is x; the trust takes refs/heads/main",
            ],
        ),
        (JOB, "v1", [f"{NO_ORIGIN} takes {APP}", f"{NO_REF} refs/heads/main"]),
        (
            Job(ORGANIZATION, PROJECT, USER),
            "v2",
            [f"{NO_ORIGIN} takes {APP}", f"{NO_REF} refs/heads/main"],
        ),
    ],
)
def test_the_part_of_the_subject_that_differs_is_said(
    job: Job, version: Version, words: list[str]
) -> None:
    assert list(reasons(role(**MAIN), job, version=version)) == words


def test_a_crafted_branch_name_is_told_apart_from_what_it_plays() -> None:
    crafted = f"x/vcs-origin/{APP}/vcs-ref/refs/heads/main"
    job = replace(JOB, origin="github.com/fork/app", ref=crafted)
    assert reasons(role(**MAIN), job) == (
        f"origin is github.com/fork/app; the trust takes {APP}",
        f"ref is {crafted}; the trust takes refs/heads/main",
    )


def test_a_subject_that_could_be_read_in_two_ways_is_refused_with_the_reason() -> None:
    job = replace(JOB, ref="refs/tags/v1/vcs-ref/x")
    (words,) = reasons(role(origins=[APP], refs=["refs/tags/v*"]), job)
    assert words == (
        "sub holds vcs-ref twice, so that it could be read as another origin's; "
        "the trust takes no such token"
    )


def test_of_many_subjects_the_nearest_are_named() -> None:
    """Not those of the other project, nor the refs of the other origin."""
    trusting = role(projects=[PROJECT, OTHER], origins=[APP, "github.com/acme/b"], refs=["refs/a"])
    assert reasons(trusting) == ("ref is refs/heads/main; the trust takes refs/a",)
    elsewhere = replace(JOB, origin="github.com/acme/c", ref="refs/a")
    assert reasons(trusting, elsewhere) == (
        f"origin is github.com/acme/c; the trust takes {APP} or github.com/acme/b",
    )


def test_a_long_list_is_cut() -> None:
    refs = [f"refs/heads/{letter}" for letter in "abcdef"]
    (words,) = reasons(role(origins=[APP], refs=refs))
    assert words.endswith("refs/heads/c or refs/heads/d or 2 more")


def test_any_uuid_is_said_so() -> None:
    """CircleCI makes no such user; the words must not show 36 question marks."""
    (words,) = reasons(role(), replace(JOB, user="me"))
    assert words == "user is me; the trust takes any UUID"


def test_a_foreign_audience_is_refused_by_the_provider_and_by_the_trust() -> None:
    found = made(role(**MAIN), aud="sts.amazonaws.com")
    assert failed(found) == ["audience", "trust"]
    words = f"sts.amazonaws.com; the provider takes {ORGANIZATION}"
    assert found["audience"].words == (words,)
    assert found["audience"].aws_error == "InvalidIdentityToken"
    assert found["trust"].words == (f"aud is sts.amazonaws.com; the trust takes {ORGANIZATION}",)


def test_another_organization_has_no_provider_and_is_no_principal() -> None:
    found = made(role(**MAIN), replace(JOB, organization=OTHER))
    assert failed(found) == ["issuer", "trust"]
    assert OTHER in found["issuer"].words[0]
    assert found["trust"].words == (
        f"the token's issuer is {issuer(OTHER)}; the trust names {ISSUER}",
    )


def test_a_provider_of_another_organization_does_not_make_the_role_trust_it() -> None:
    other = Provider(provider_arn("aws", "111111111111", OTHER), (OTHER,))
    trusting = role(**MAIN)
    both = replace(trusting, providers=(*trusting.providers, other))
    assert failed(made(both, replace(JOB, organization=OTHER))) == ["trust"]


def test_an_issuer_without_https_is_none() -> None:
    assert "issuer" in failed(made(role(), iss=f"http://oidc.circleci.com/org/{ORGANIZATION}"))


@pytest.mark.parametrize("claims", [{"iss": 1}, {"sub": 1}, {"aud": {}}, {"iss": "", "sub": ""}])
def test_claims_of_no_use_are_refused_without_a_traceback(claims: dict[str, Any]) -> None:
    assert failed(made(role(), **claims))


def test_the_project_claim_is_asked_for_where_the_trust_does() -> None:
    trusting = role(projectIdClaim=True)
    assert failed(made(trusting)) == []
    claim = "oidc.circleci.com/project-id"
    words = f"{claim} is {OTHER}; the trust takes {PROJECT}"
    assert reasons(trusting, **{claim: OTHER}) == (words,)


def test_the_project_claim_is_a_key_in_the_commercial_partition_only() -> None:
    provider = provider_arn("aws-us-gov", "111111111111", ORGANIZATION)
    document = trust_document(trust(projectIdClaim=True), provider)
    arn = ROLE.replace("aws", "aws-us-gov", 1)
    trusting = RoleTrust(arn, document, (Provider(provider, (ORGANIZATION,)),))
    (words,) = reasons(trusting)
    assert words == (
        f"the trust asks that oidc.circleci.com/project-id is {PROJECT}; the token says nothing"
    )


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **changes,
    }


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([], ["the trust policy allows nothing to anybody"]),
        (
            [statement(), statement(Effect="Deny")],
            ["statement 2 of the trust policy denies it"],
        ),
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
            [f"sub is {JOB.subject}; the trust takes org/x/*"],
        ),
        (
            [statement(Condition={"StringNotLike": {f"{ISSUER}:sub": "*/refs/*"}})],
            [f"the trust asks that sub is not */refs/*; the token says {JOB.subject}"],
        ),
        (
            [statement(Condition={"StringEquals": {"aws:PrincipalTag/x": "y"}})],
            ["the trust asks that aws:PrincipalTag/x is y; the token says nothing"],
        ),
    ],
)
def test_a_trust_made_by_hand_is_judged_and_said_too(
    statements: list[dict[str, Any]], words: list[str]
) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}
    assert list(reasons(role(document))) == words


def test_statements_are_numbered_where_there_are_several() -> None:
    keys = [f"{ISSUER}:{claim}" for claim in ("aud", "amr")]
    some = [statement(Condition={"StringEquals": {key: "x"}}) for key in keys]
    assert reasons(role({"Version": "2012-10-17", "Statement": some})) == (
        f"statement 1: aud is {ORGANIZATION}; the trust takes x",
        "statement 2: the trust asks that amr is x; the token says nothing",
    )


def test_a_trust_that_is_not_understood_is_an_error_not_an_answer() -> None:
    document = {"Version": "2012-10-17", "Statement": [statement(Condition={"Odd": {"a": "b"}})]}
    with pytest.raises(ValueError, match="Odd"):
        made(role(document))


_PIECES = ["a", "x", "/", "*", "?", "-", "${", "}", "vcs-ref", "/vcs-ref/", "/vcs-origin/", APP]
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)


@given(origin=_TEXTS, ref=_TEXTS, refs=st.sampled_from([["refs/heads/main"], ["refs/*"], []]))
def test_whoever_is_refused_is_given_a_reason(origin: str, ref: str, refs: list[str]) -> None:
    changes = {"origins": [APP], "refs": refs} if refs else {"origins": [APP]}
    trusting = role(**changes)
    claims = claims_of(replace(JOB, origin=origin, ref=ref), LATEST, issued=NOW)
    (check,) = [one for one in checks("", claims, KEY, trusting, NOW) if one.name == "trust"]
    if not check.passed:
        assert check.words
        assert all("; the trust takes " in words for words in check.words)
