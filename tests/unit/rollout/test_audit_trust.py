"""Which trust policies an audit finds risky; IAM's rules decide on each subject that gets in."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, event, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from components.circleci.claims import claims_of, token_request
from components.circleci.crafted import Wanted
from components.circleci.subject import ANY_UUID, TWO_REFS, Job, parse_subject
from components.iam.decide import decide_trust
from components.iam.document import PolicyDocument
from components.iam.patterns import pattern
from components.policy.trust import provider_arn, trust_document
from components.settings.model import Trust
from rollout.auditing.instead import ORIGIN, PROJECT
from rollout.auditing.risks import Level, Risk, Weakness
from rollout.auditing.trust import provider_risks, trust_risks
from rollout.deployed.model import DeployedAccount, DeployedProvider, DeployedRole
from tests.unit.policy.test_trust_properties import TRUSTS
from tests.unit.policy.trusts import ACCOUNT, APP, MAIN, ORG, OTHER_ORG, P1, P2, U1, U2

ISSUER: Final = f"oidc.circleci.com/org/{ORG}"
JOB: Final = f"org/{ORG}/project/{P1}/user"
CODE: Final = f"vcs-origin/{APP}/vcs-ref"
AUD: Final = {f"{ISSUER}:aud": ORG}
SUB: Final = f"{ISSUER}:sub"


def statement(condition: object = None, **changed: object) -> dict[str, Any]:
    made = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn("aws", ACCOUNT, ORG)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
        **changed,
    }
    return {key: value for key, value in made.items() if value is not None}


def like(*subjects: str, **more: object) -> dict[str, Any]:
    return statement({"StringEquals": AUD, "StringLike": {SUB: list(subjects)}, **more})


def equal(subject: str, **more: object) -> dict[str, Any]:
    return statement({"StringEquals": {**AUD, SUB: subject}, **more})


def account(*audiences: str, partition: str = "aws") -> DeployedAccount:
    arn = provider_arn(partition, ACCOUNT, ORG)
    found = (DeployedProvider(arn, ISSUER, audiences),) if audiences else ()
    return DeployedAccount(ACCOUNT, partition, providers=found)


def role(*statements: Mapping[str, Any], version: str = "2012-10-17") -> DeployedRole:
    trust = {"Version": version, "Statement": list(statements)}
    return DeployedRole(name="deploy", arn=f"arn:aws:iam::{ACCOUNT}:role/deploy", trust=trust)


def risks(found: DeployedRole, *audiences: str) -> list[Risk]:
    return list(trust_risks(account(*(audiences or (ORG,))), found))


def lets_in(trust: PolicyDocument, risk: Risk) -> bool:
    """Whether IAM lets in the token of a risk, as `can --sub` asks it."""
    assert risk.entry is not None
    claims = claims_of(ORG, risk.entry["sub"], risk.entry["aud"])
    return decide_trust(trust, token_request(claims, "aws", ACCOUNT)).allowed


NO_TWO_REFS: Final = {"StringNotLike": {SUB: TWO_REFS}}
W: Final = Weakness

SAFE: Final = {
    "a V1 subject": equal(f"{JOB}/{U1}"),
    "a V2 subject": equal(f"{JOB}/{U1}/{CODE}/{MAIN}"),
    "any user of a project, open at the end": like(f"{JOB}/*"),
    "a project, open at the end": like(f"org/{ORG}/project/{P1}/*"),
    "a user, open at the end": like(f"{JOB}/{U1}/*"),
    "any user, by its length": like(
        f"{JOB}/{ANY_UUID}", f"{JOB}/{ANY_UUID}/vcs-origin/*/vcs-ref/*"
    ),
    "an origin, open at the end": like(f"{JOB}/{ANY_UUID}/vcs-origin/github.com/acme/*"),
    "an open ref without two refs": like(f"{JOB}/{ANY_UUID}/{CODE}/refs/tags/v*", **NO_TWO_REFS),
    "a wildcard that is none": equal(f"{JOB}/*/vcs-origin/*/vcs-ref/{MAIN}"),
    "another organization's subject": like(f"org/{OTHER_ORG}/project/*"),
    "the project's claim": statement(
        {"StringEquals": {**AUD, f"{ISSUER}:oidc.circleci.com/project-id": P1}}
    ),
    "the project's claim beside a subject": statement(
        {
            "StringEquals": {**AUD, f"{ISSUER}:oidc.circleci.com/project-id": P1},
            "StringLike": {SUB: f"org/{ORG}/project/*"},
        }
    ),
    "another action": statement(Action="sts:AssumeRole"),
    "a service": statement(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole"),
    "another issuer": statement(
        Principal={
            "Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
        }
    ),
    "the other issuer's key": statement(
        {"StringLike": {f"oidc.circleci.com/org/{OTHER_ORG}:sub": "*"}, "StringEquals": AUD}
    ),
}

UNSAFE: Final[dict[str, tuple[dict[str, Any] | list[dict[str, Any]], set[Weakness]]]] = {
    "nothing is asked": (statement(), {W.NO_SUBJECT, W.NO_AUDIENCE}),
    "the audience alone": (statement({"StringEquals": AUD}), {W.NO_SUBJECT}),
    "the subject alone": (statement({"StringLike": {SUB: f"{JOB}/*"}}), {W.NO_AUDIENCE}),
    "anyone": (statement({"StringEquals": AUD}, Principal="*"), {W.NO_SUBJECT}),
    "anyone, by all actions": (
        statement({"StringEquals": AUD}, Principal={"AWS": "*"}, Action="sts:*"),
        {W.NO_SUBJECT},
    ),
    "a subject that is refused": (
        statement({"StringEquals": AUD, "StringNotEquals": {SUB: f"{JOB}/{U1}"}}),
        {W.NO_SUBJECT},
    ),
    "a wildcard alone": (like("*"), {W.ANY_PROJECT}),
    "every project": (like(f"org/{ORG}/project/*"), {W.ANY_PROJECT}),
    "the start of a project": (like(f"org/{ORG}/project/6f9b*"), {W.ANY_PROJECT}),
    "every project with a user": (
        like(f"org/{ORG}/project/*/user/{U1}"),
        {W.ANY_PROJECT, W.CRAFTED_BRANCH},
    ),
    "the published pattern": (
        like(f"{JOB}/*/vcs-origin/*/vcs-ref/{MAIN}"),
        {W.CRAFTED_BRANCH},
    ),
    "any user with an origin": (like(f"{JOB}/*/{CODE}/{MAIN}"), {W.CRAFTED_BRANCH}),
    "any origin with a ref": (
        like(f"{JOB}/{U1}/vcs-origin/*/vcs-ref/{MAIN}"),
        {W.CRAFTED_BRANCH},
    ),
    "any repository of an owner": (
        like(f"{JOB}/{ANY_UUID}/vcs-origin/github.com/acme/*/vcs-ref/{MAIN}"),
        {W.CRAFTED_BRANCH},
    ),
    "a ref alone": (like(f"*/vcs-ref/{MAIN}"), {W.CRAFTED_BRANCH, W.ANY_PROJECT}),
    "a ref at the end": (like(f"{JOB}/*{MAIN}"), {W.CRAFTED_BRANCH}),
    "a wildcard in the ref": (
        like(f"{JOB}/{U1}/{CODE}/refs/*/main"),
        {W.CRAFTED_ORIGIN},
    ),
    "any case": (
        statement(
            {"StringEquals": AUD, "StringEqualsIgnoreCase": {SUB: f"{JOB}/{U1}/{CODE}/{MAIN}"}}
        ),
        {W.CRAFTED_BRANCH},
    ),
    "if it is there": (
        statement({"StringEquals": AUD, "StringLikeIfExists": {SUB: f"{JOB}/*/{CODE}/{MAIN}"}}),
        {W.CRAFTED_BRANCH},
    ),
    "an open ref": (like(f"{JOB}/{ANY_UUID}/{CODE}/refs/heads/*"), {W.CRAFTED_ORIGIN}),
    "the worse of two statements": (
        [equal(f"{JOB}/{U1}"), like(f"{JOB}/*/{CODE}/{MAIN}")],
        {W.CRAFTED_BRANCH},
    ),
    "a Deny that leaves a way": (
        [
            like(f"{JOB}/*/vcs-origin/*/vcs-ref/{MAIN}"),
            statement({"StringLike": {SUB: "*/vcs-origin/*/vcs-origin/*"}}, Effect="Deny"),
        ],
        {W.CRAFTED_BRANCH},
    ),
    "a ref of its own condition": (
        like(f"{JOB}/*", **{"ForAnyValue:StringLike": {SUB: f"*/{CODE}/{MAIN}"}}),
        {W.CRAFTED_BRANCH},
    ),
    "a Deny of all but a ref": (
        [
            like(f"{JOB}/*"),
            statement({"StringNotLike": {SUB: f"*/vcs-ref/{MAIN}"}}, Effect="Deny"),
        ],
        {W.CRAFTED_BRANCH},
    ),
    "another audience, and a Deny of all but an owner": (
        [
            statement(
                {
                    "StringEquals": {f"{ISSUER}:aud": [ORG, OTHER_ORG]},
                    "StringLike": {SUB: f"org/{ORG}/project/{ANY_UUID}/user/{ANY_UUID}/*"},
                }
            ),
            statement(
                {
                    "StringNotLike": {
                        SUB: f"org/{ORG}/project/{P1[:9]}*/user/{ANY_UUID}/vcs-origin/"
                        "github.com/acme/*"
                    }
                },
                Effect="Deny",
            ),
        ],
        {W.CRAFTED_BRANCH, W.ANY_PROJECT, W.OTHER_AUDIENCE},
    ),
    "another organization's audience": (
        statement({"StringEquals": {f"{ISSUER}:aud": [ORG, OTHER_ORG], SUB: f"{JOB}/{U1}"}}),
        {W.OTHER_AUDIENCE},
    ),
    "any audience": (
        statement({"StringLike": {f"{ISSUER}:aud": "*", SUB: f"{JOB}/*"}}),
        {W.NO_AUDIENCE},
    ),
}

UNKNOWN: Final[dict[str, tuple[dict[str, Any] | list[dict[str, Any]], str]]] = {
    "an unknown key that denies": (
        [
            like(f"{JOB}/*/{CODE}/{MAIN}"),
            statement({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, Effect="Deny"),
        ],
        "unless this forbids it: aws:SourceIp is not in 192.0.2.0/24",
    ),
    "an open ref, and a Deny of some of what it opens": (
        [
            like(f"{JOB}/{ANY_UUID}/{CODE}/refs/heads/*"),
            statement({"StringLike": {SUB: f"*/vcs-ref/*/vcs-ref/{MAIN}"}}, Effect="Deny"),
        ],
        "it is not certain",
    ),
    "two refs that are excluded as a plain text": (
        [
            like(f"{JOB}/{ANY_UUID}/{CODE}/refs/heads/*", StringNotEquals={SUB: TWO_REFS}),
            statement({"StringLike": {SUB: f"*/vcs-ref/*/vcs-ref/{MAIN}"}}, Effect="Deny"),
        ],
        "it is not certain",
    ),
    "an unknown key": (
        like(f"{JOB}/*/{CODE}/{MAIN}", IpAddress={"aws:SourceIp": "192.0.2.0/24"}),
        "unless this forbids it: aws:SourceIp is in 192.0.2.0/24",
    ),
    "conditions that no job was found for": (
        [
            like(f"{JOB}/*"),
            statement(
                {"StringNotLike": {SUB: "*/vcs-ref/refs/tags/v*"}, "StringEquals": AUD},
                Effect="Deny",
            ),
        ],
        "what all conditions on the subject leave open",
    ),
    "another claim": (
        statement({"StringEquals": {**AUD, f"{ISSUER}:oidc.circleci.com/context-ids": "c"}}),
        "unless this forbids it",
    ),
    "NotPrincipal": (statement(Principal=None, NotPrincipal={"AWS": "*"}), "NotPrincipal"),
    "an unknown operator": (statement({"BinaryEquals": {SUB: "QmlH"}}), "BinaryEquals"),
    "a variable": (like(f"{JOB}/${{aws:username}}"), "policy variable"),
    "the end of a ref": (like(f"{JOB}/*main"), "it is not certain"),
    "a part of a user": (like(f"{JOB}/0d1c*"), "it is not certain"),
    "a number": (statement({"NumericEquals": {SUB: "1"}, "StringEquals": AUD}), "is not a number"),
}


@pytest.mark.parametrize("name", SAFE)
def test_a_safe_trust_has_no_risk(name: str) -> None:
    assert risks(role(SAFE[name])) == []


@pytest.mark.parametrize("name", UNSAFE)
def test_an_unsafe_trust_is_entered_as_told(name: str) -> None:
    made, weaknesses = UNSAFE[name]
    found = role(*(made if isinstance(made, list) else [made]))
    told = risks(found)
    assert {one.weakness for one in told} == weaknesses
    for risk in told:
        assert lets_in(found.trust, risk)
        assert risk.instead is not None
        shown = json.dumps(risk.instead["trust"]).replace(PROJECT, P1).replace(ORIGIN, APP)
        instead = Trust.model_validate(json.loads(shown))
        document = trust_document(instead, provider_arn("aws", ACCOUNT, ORG))
        assert risks(role(*document["Statement"])) == []
        crafted = risk.weakness in {W.CRAFTED_BRANCH, W.CRAFTED_ORIGIN, W.ANY_PROJECT}
        assert not (crafted and lets_in(document, risk))


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_can_not_be_judged_is_said(name: str) -> None:
    made, words = UNKNOWN[name]
    (told,) = risks(role(*(made if isinstance(made, list) else [made])))
    assert told.weakness is W.NOT_JUDGED
    assert words in told.text


def test_the_table_has_enough_shapes() -> None:
    assert len(SAFE) + len(UNSAFE) + len(UNKNOWN) >= 45


@examples(max_examples=60, deadline=None)
@given(st.sampled_from(TRUSTS))
def test_a_trust_of_this_program_has_no_risk(trust: Trust) -> None:
    document = trust_document(trust, provider_arn("aws", ACCOUNT, ORG))
    assert risks(role(*document["Statement"])) == []


PIECES: Final = [
    "*",
    "?",
    "/",
    P1,
    U1,
    ANY_UUID,
    "6f9b",
    APP,
    "github.com/acme/",
    MAIN,
    "refs/",
    "x",
]
MARKS: Final = ["/project/", "/user/", "/vcs-origin/", "/vcs-ref/", "refs/heads/"]


def texts(*pieces: str, most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=most).map("".join)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """A subject's pattern with parts left out, and anything in the others."""
    text = f"org/{draw(st.sampled_from([ORG, '*']))}"
    for mark in MARKS[:4]:
        if draw(st.integers(0, 5)):
            text += mark + draw(st.sampled_from(PIECES) | texts(*PIECES, *MARKS))
    return text


@st.composite
def jobs(draw: st.DrawFn, wanted: Wanted) -> Job | None:
    """A job that matches, with a real project and user, and a ref that anyone may have chosen."""
    start = [piece for piece in (*PIECES, *MARKS, f"/project/{P1}/user/{U1}") if piece not in "*?"]
    origin = APP + draw(texts("", *(f"/{piece}" for piece in start)))
    ids = (draw(st.sampled_from([P1, P2])), draw(st.sampled_from([U1, U2])))
    branch = f"refs/heads/{draw(texts('x', *start))}"
    ends = wanted.pattern.after(Job(ORG, *ids, origin, branch).subject)
    if not ends:
        return None
    end = draw(st.sampled_from(ends)).example(draw(st.sampled_from(["y", "0", *start])))
    return Job(ORG, *ids, origin, branch + end)


@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_a_job_that_gets_in_unmeant_is_never_passed_over(data: st.DataObject) -> None:
    wanted = Wanted(data.draw(patterns()), wild=True)
    job = data.draw(jobs(wanted))
    assume(job is not None and not wanted.means(job))
    assert job is not None
    two = data.draw(st.booleans())
    assume(wanted.pattern.matches(job.subject))
    assume(not (two and pattern(TWO_REFS).matches(job.subject)))
    told = risks(role(like(wanted.text, **(NO_TWO_REFS if two else {}))))
    event(", ".join(sorted(one.weakness.value for one in told)))
    assert told


def test_the_published_pattern_is_entered_by_the_name_of_a_branch() -> None:
    subject = f"{JOB}/*/vcs-origin/*/vcs-ref/{MAIN}"
    (told,) = risks(role(like(subject)))
    job = parse_subject((told.entry or {})["sub"])
    assert job is not None
    assert (job.organization, job.project) == (ORG, P1)
    assert job.ref == "refs/heads/branch-x/vcs-ref/refs/heads/main"
    assert told.text == f"the subject {subject} lets in the branch {job.ref}; ref should be {MAIN}"


@pytest.mark.parametrize(
    ("audiences", "text"),
    [
        ((ORG,), None),
        ((ORG, "sts.amazonaws.com"), "also takes the audiences sts.amazonaws.com"),
        (("sts.amazonaws.com",), f"lacks the audience {ORG}"),
    ],
)
def test_a_provider_takes_the_organization_alone(
    audiences: tuple[str, ...], text: str | None
) -> None:
    told = [one.text for one in provider_risks(account(*audiences))]
    assert (text in "".join(told)) if text else told == []


def test_what_the_provider_takes_is_part_of_the_way_in() -> None:
    open_audience = role(statement({"StringLike": {SUB: f"{JOB}/*"}}))
    found = {one.weakness: one for one in risks(open_audience, ORG, "sts.amazonaws.com")}
    assert found.keys() == {W.OTHER_AUDIENCE, W.NO_AUDIENCE}
    assert (found[W.OTHER_AUDIENCE].entry or {})["aud"] == "sts.amazonaws.com"
    (lacking,) = risks(role(like(f"org/{ORG}/project/*")), "sts.amazonaws.com")
    assert lacking.text.endswith(f"now its provider does not take the audience {ORG}")


def test_a_role_without_a_provider_is_told() -> None:
    told = list(trust_risks(account(), role(SAFE["a V1 subject"])))
    assert [one.weakness for one in told] == [W.NO_PROVIDER]


def test_weaknesses_have_the_levels_in_order() -> None:
    assert [one.level for one in Weakness] == sorted(
        (one.level for one in Weakness), key=list(Level).index
    )
    assert (W.NO_SUBJECT.level, W.TWO_KEYS.level) == (Level.HIGH, Level.LOW)
