"""The trust policy of a role: which CircleCI jobs get in, and which must not."""

import re
from typing import Any

import pytest

from components.circleci.subject import ANY_UUID, Job, issuer
from components.iam.document import size
from components.policy.layout import layouts
from components.policy.trust import description, provider_arn, trust_document
from components.settings import SettingsError, load
from components.settings.model import Trust
from tests.unit.policy.trusts import (
    ACCOUNT,
    APP,
    MAIN,
    ORG,
    OTHER_ORG,
    P1,
    P2,
    P3,
    U1,
    U2,
    U3,
    lets_in,
    settings,
    statement,
)

PROJECT = settings()
ANY = settings(projects=["*"])
USERS = settings(users=[U1, U2])
ORIGIN = settings(origins=[APP])
EXACT = settings(users=[U1], origins=[APP], refs=[MAIN])
TAGS = settings(origins=[APP], refs=[MAIN, "refs/tags/v*"])
ANY_BY_USER = settings(projects=["*"], users=[U1], origins=[APP], refs=[MAIN])
CLAIM = settings(projects=[P1, P2], projectIdClaim=True)

V1 = Job(ORG, P1, U1)
V2 = Job(ORG, P1, U1, APP, MAIN)
# A custom webhook's pipeline: no origin and no ref in either token.
WEBHOOK = V1


def job(**changed: str) -> Job:
    """A job of the usual project, user, origin and ref, but for what is changed."""
    usual = {"organization": ORG, "project": P1, "user": U1, "origin": APP, "ref": MAIN}
    return Job(**(usual | changed))


@pytest.mark.parametrize(
    ("trust", "token"),
    [
        *((PROJECT, token) for token in (V1, V2, job(user=U3), job(origin="github.com/fork/app"))),
        (PROJECT, job(ref="refs/heads/x/vcs-ref/y")),
        *((ANY, token) for token in (V1, V2, job(project=P3), Job(ORG, P3, U3))),
        *((USERS, token) for token in (V1, V2, job(user=U2), Job(ORG, P1, U2))),
        *((ORIGIN, token) for token in (V2, job(user=U3), job(ref="refs/heads/a/b*?${c}"))),
        (EXACT, V2),
        *((TAGS, job(ref=ref)) for ref in (MAIN, "refs/tags/v1", "refs/tags/v", "refs/tags/v/1")),
        (TAGS, job(ref="refs/tags/v1/vcs-ref")),
        (TAGS, job(ref="refs/tags/v1-vcs-ref/x")),
        *((ANY_BY_USER, job(project=project)) for project in (P1, P3)),
        *((CLAIM, token) for token in (V1, V2, job(project=P2))),
        (settings(origins=[APP, "gitlab.acme.com/a/b"]), job(origin="gitlab.acme.com/a/b")),
    ],
)
def test_a_job_that_is_meant_gets_in(trust: Trust, token: Job) -> None:
    assert lets_in(trust, token)


WHOLE = f"/user/{U1}/vcs-origin/{APP}/vcs-ref/{MAIN}"
TAIL = f"/vcs-origin/{APP}/vcs-ref/{MAIN}"


@pytest.mark.parametrize(
    ("trust", "token"),
    [
        # Others.
        *((PROJECT, token) for token in (job(project=P2), Job(ORG, P2, U1))),
        *((ANY, token) for token in (job(organization=OTHER_ORG), Job(OTHER_ORG, P1, U1))),
        *((USERS, token) for token in (job(user=U3), Job(ORG, P1, U3))),
        *((EXACT, token) for token in (job(user=U2), job(project=P2), job(ref="refs/heads/dev"))),
        (ANY_BY_USER, job(user=U2)),
        (CLAIM, job(project=P3)),
        # Forks: the token of a forked pull request names the fork.
        *((trust, job(origin="github.com/fork/app")) for trust in (ORIGIN, EXACT, TAGS)),
        *((ORIGIN, job(origin=origin)) for origin in (f"{APP}2", f"x{APP}", f"{APP}/", "")),
        (ORIGIN, job(origin=APP.upper())),
        # No code named, so no origin or ref to trust: V1, and webhooks in V2 as well.
        *((trust, WEBHOOK) for trust in (ORIGIN, EXACT, TAGS, ANY_BY_USER)),
        # Refs.
        *((EXACT, job(ref=f"{MAIN}{more}")) for more in ("2", "/x", "/vcs-ref/x", " ", "\n")),
        *(
            (EXACT, job(ref=ref))
            for ref in ("main", "", "refs/tags/main", MAIN.upper(), f"x/{MAIN}")
        ),
        *((TAGS, job(ref=ref)) for ref in ("refs/tags/w1", "refs/heads/v1", "x/refs/tags/v1")),
        # A branch's name that goes on as a subject does, from wherever a * might begin.
        *(
            (trust, job(origin="github.com/fork/app", ref=f"x{crafted}"))
            for trust in (ORIGIN, EXACT, TAGS, ANY_BY_USER)
            for crafted in (TAIL, WHOLE, f"/vcs-ref/{MAIN}", f"/project/{P1}{WHOLE}")
        ),
        *(
            (trust, job(user=U3, ref=f"x{crafted}"))
            for trust in (USERS, EXACT, ANY_BY_USER)
            for crafted in (WHOLE, f"/project/{P1}{WHOLE}", f"/org/{ORG}/project/{P1}{WHOLE}")
        ),
        *(
            (trust, job(project=P3, ref=f"x{crafted}"))
            for trust in (PROJECT, USERS, ORIGIN, EXACT, TAGS, CLAIM)
            for crafted in (f"/project/{P1}{WHOLE}", f"/org/{ORG}/project/{P1}{WHOLE}")
        ),
        *((EXACT, job(ref=f"refs/heads/x{crafted}")) for crafted in (TAIL, WHOLE)),
        *(
            (EXACT, job(ref=f"{crafted}/{MAIN}"))
            for crafted in ("user", U1, f"user/{U1}", "x/user")
        ),
        # The real origin and ref, cut elsewhere. One subject, so none of the two may get in.
        (TAGS, job(origin=f"{APP}/vcs-ref/refs/tags/v1", ref="x")),
        (TAGS, job(ref="refs/tags/v1/vcs-ref/x")),
        (ORIGIN, job(origin=f"{APP}/vcs-ref/x", ref=MAIN)),
        (ORIGIN, job(ref=f"x/vcs-ref/{MAIN}")),
        (ORIGIN, job(origin=f"{APP}/vcs-ref", ref=MAIN)),
        (ORIGIN, job(ref=f"vcs-ref/{MAIN}")),
        (EXACT, job(origin=f"{APP}/vcs-ref", ref=MAIN)),
        # A user's id that is no UUID, of the right length.
        *(
            (PROJECT, Job(ORG, P1, user))
            for user in ("x" * 36, f"{'x' * 8}/vcs-origin/a/vcs-ref/bcd")
        ),
        (TAGS, job(user=f"{U1[:9]}/vcs-origin/github.com/a"[:36])),
    ],
)
def test_a_job_that_is_not_meant_stays_out(trust: Trust, token: Job) -> None:
    assert not lets_in(trust, token)


@pytest.mark.parametrize("trust", [PROJECT, ANY, USERS, ORIGIN, EXACT, TAGS, CLAIM])
def test_each_claim_is_checked(trust: Trust) -> None:
    """``sts.amazonaws.com`` stood in CircleCI's documentation (circleci-docs#10653)."""
    assert lets_in(trust, V2)
    for audience in ("sts.amazonaws.com", OTHER_ORG, "", ORG.upper(), f"{ORG} ", None):
        assert not lets_in(trust, V2, {"aud": audience}), audience
    assert not lets_in(trust, V2, {"sub": None})
    # Another organization's issuer, whatever its token says.
    theirs = job(organization=OTHER_ORG)
    assert not lets_in(trust, theirs, {"aud": ORG, "sub": V2.subject})
    for project in (P3, None):
        claimed = {"oidc.circleci.com/project-id": project}
        assert lets_in(trust, V2, claimed) is (trust is not CLAIM)


@pytest.mark.parametrize(
    ("trust", "condition"),
    [
        (
            PROJECT,
            {
                "StringEquals": {":aud": ORG},
                "StringLike": {
                    ":sub": [
                        f"org/{ORG}/project/{P1}/user/{ANY_UUID}",
                        f"org/{ORG}/project/{P1}/user/{ANY_UUID}/vcs-origin/*/vcs-ref/*",
                    ]
                },
            },
        ),
        (
            EXACT,
            {
                "StringEquals": {
                    ":aud": ORG,
                    ":sub": f"org/{ORG}/project/{P1}/user/{U1}/vcs-origin/{APP}/vcs-ref/{MAIN}",
                }
            },
        ),
        (
            settings(projects=["*"], users=[U1], origins=[APP], refs=["refs/tags/v*"]),
            {
                "StringEquals": {":aud": ORG},
                "StringLike": {
                    ":sub": f"org/{ORG}/project/{ANY_UUID}/user/{U1}"
                    f"/vcs-origin/{APP}/vcs-ref/refs/tags/v*"
                },
                "StringNotLike": {":sub": "*/vcs-ref*/vcs-ref/*"},
            },
        ),
        (
            settings(projects=[P2, P1], users=[U1], origins=[APP], projectIdClaim=True),
            {
                "StringEquals": {":aud": ORG, ":oidc.circleci.com/project-id": [P1, P2]},
                "StringLike": {
                    ":sub": [
                        f"org/{ORG}/project/{project}/user/{U1}/vcs-origin/{APP}/vcs-ref/*"
                        for project in (P1, P2)
                    ]
                },
                "StringNotLike": {":sub": "*/vcs-ref*/vcs-ref/*"},
            },
        ),
    ],
)
def test_the_documents_letter_by_letter(trust: Trust, condition: dict[str, Any]) -> None:
    assert statement(trust) == {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn("aws", ACCOUNT, ORG)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            operator: {f"{issuer(ORG)}{key}": value for key, value in keys.items()}
            for operator, keys in condition.items()
        },
    }


def test_any_uuid_is_as_long_as_one_and_matches_nothing_longer() -> None:
    assert len(ANY_UUID) == 36
    assert re.fullmatch(r"\?{8}(-\?{4}){3}-\?{12}", ANY_UUID)


def test_a_provider_is_named_after_its_issuer_in_each_partition() -> None:
    assert provider_arn("aws-cn", ACCOUNT, ORG) == (
        f"arn:aws-cn:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/{ORG}"
    )


def stack_with(**trust: object) -> dict[str, Any]:
    wish = {"organization": ORG, "projects": [P1], **trust}
    grants = [{"bucket": "acme-data", "access": ["read"]}]
    return {"identities": {"ci": {"kind": "role", "grants": grants, "trust": wish}}}


def findings(partition: str, **trust: object) -> list[str]:
    stack = load("test", stack_with(**trust))
    try:
        layouts("test", stack, partition)
    except SettingsError as error:
        return [str(finding) for finding in error.findings]
    return []


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
def test_a_trust_over_iams_limit_fails_in_the_preview_and_says_what_to_do(partition: str) -> None:
    sizes = {}
    for count in range(1, 20):
        refs = [f"refs/heads/b{number:02}" for number in range(count)]
        trust = settings(users=[U1], origins=[APP], refs=refs)
        sizes[count] = size(trust_document(trust, provider_arn(partition, ACCOUNT, ORG)))
        found = findings(partition, users=[U1], origins=[APP], refs=refs)
        expected = [
            (
                f"identities.ci.trust: makes a trust policy of {sizes[count]:,} characters "
                f"(1 projects, 1 users, 1 origins, {count} refs, in every combination); "
                "IAM allows 2,048: list fewer, end refs in one *, or make two roles"
            )
        ]
        assert found == (expected if sizes[count] > 2_048 else [])
    assert min(sizes.values()) < 2_048 < max(sizes.values())
    fits = max(count for count, found in sizes.items() if found <= 2_048)
    refs = [f"refs/heads/b{number:02}" for number in range(fits)]
    refs[-1] += "x" * (2_048 - sizes[fits])
    assert findings(partition, users=[U1], origins=[APP], refs=refs) == []
    refs[-1] += "x"
    assert len(findings(partition, users=[U1], origins=[APP], refs=refs)) == 1


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov", "aws-eusc"])
def test_the_projects_claim_is_known_in_the_commercial_partition_only(partition: str) -> None:
    assert findings("aws", projectIdClaim=True) == []
    assert findings(partition, projectIdClaim=True) == [
        (
            "identities.ci.trust.projectIdClaim: true: "
            f"AWS supports this condition key in the partition aws, not in {partition}"
        )
    ]


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (PROJECT, f"organization {ORG}, project {P1}"),
        (ANY, f"organization {ORG}, any project"),
        (
            EXACT,
            f"organization {ORG}, project {P1}, run by user {U1}, from origin {APP}, at ref {MAIN}",
        ),
        (
            TAGS,
            f"organization {ORG}, project {P1}, from origin {APP}, at ref {MAIN} or refs/tags/v*",
        ),
        (settings(projects=[P1, P2, P3]), f"organization {ORG}, project {P1} or {P2} or {P3}"),
        (settings(projects=[P1, P2, P3, U1]), f"organization {ORG}, one of 4 projects"),
    ],
)
def test_a_roles_description_says_what_may_assume_it(trust: Trust, words: str) -> None:
    assert description(trust) == f"Assumed by CircleCI jobs of {words}"


def test_a_description_is_one_that_iam_takes() -> None:
    """The pattern of CreateRole's Description, and its 1,000 characters."""
    ref = "refs/heads/" + "".join(map(chr, range(0xA1, 0x100))) * 6
    said = description(settings(origins=[APP], refs=[ref, f"{ref}*"]))
    assert len(said) == 1_000
    assert said.endswith("...")
    assert re.fullmatch("[\t\n\r\x20-\x7e\xa1-\xff]*", said)
