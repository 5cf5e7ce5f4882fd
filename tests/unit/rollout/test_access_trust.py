"""Changes of a role's trust: projects, users, origins and refs, read back from the document."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.circleci.subject import TWO_REFS, Job, issuer
from components.iam.decide import decide_trust, web_identity
from components.iam.difference import difference
from components.policy.trust import provider_arn, trust_document
from components.settings.model import Trust
from rollout.access.diff import Access, IdentityDiff, identity_diff
from rollout.access.sentences import Verdict
from rollout.access.trust_forms import admission, normal_admissions

ORG, OTHER_ORG, P1, P2, U1, U2 = (str(UUID(int=number << 96)) for number in range(1, 7))
APP, LIB = "github.com/acme/app", "github.com/acme/lib"
MAIN, TAGS = "refs/heads/main", "refs/tags/v*"

Document = dict[str, Any]


def trust(**wish: Any) -> Document:  # settings by their names in the config
    given_ = {key: value for key, value in wish.items() if value}
    checked = Trust.model_validate({"organization": ORG, "projects": [P1]} | given_)
    return trust_document(checked, provider(checked.organization))


def provider(organization: str) -> str:
    return provider_arn("aws", "111111111111", organization)


def changed(before: Document | None, after: Document | None) -> IdentityDiff:
    was, now = (None if one is None else Access("role", trust=one) for one in (before, after))
    return identity_diff("deploy", was, now)


def said(before: Document | None, after: Document | None) -> list[str]:
    return [
        f"{line.text.removeprefix('trust: ')} [{line.verdict.value}]"
        for line in changed(before, after).lines
        if line.text.startswith("trust: ")
    ]


def test_a_claim_with_a_wildcard_hides_no_job() -> None:
    """Written by hand; one that names another project than the subject lets nobody in."""
    document = trust(projects=[P1])
    for operator, wanted, count in (("StringLike", "*", 2), ("StringEquals", P2, 0)):
        document["Statement"][0]["Condition"].setdefault(operator, {})[
            f"{issuer(ORG)}:oidc.circleci.com/project-id"
        ] = wanted
        assert len(normal_admissions(document)) == count


@pytest.mark.parametrize("wish", [{}, {"users": [U1]}, {"origins": [APP], "refs": [MAIN]}])
def test_a_wildcard_that_is_compared_as_a_text_lets_nobody_in(wish: dict[str, Any]) -> None:
    now, before = trust(**wish), trust(**wish)
    (statement,) = before["Statement"]
    like = statement["Condition"].pop("StringLike")
    statement["Condition"]["StringEquals"] |= like
    assert [line for line in said(before, now) if line.endswith("[wider]")]
    assert [line for line in said(now, before) if line.endswith("[narrower]")]


AT_MAIN = trust(origins=[APP], refs=[MAIN])
CHANGES = [
    (AT_MAIN, trust(origins=[APP], refs=[MAIN, TAGS]), [f"also {TAGS} of {APP} [wider]"]),
    (trust(origins=[APP], refs=[MAIN, TAGS]), AT_MAIN, [f"no longer {TAGS} of {APP} [narrower]"]),
    (
        AT_MAIN,
        trust(origins=[APP], refs=["refs/heads/*"]),
        [f"also refs/heads/* of {APP}, before only {MAIN} of {APP} [wider]"],
    ),
    (
        trust(origins=[APP]),
        AT_MAIN,
        [f"no longer any ref of {APP}, only {MAIN} of {APP} [narrower]"],
    ),
    (
        AT_MAIN,
        trust(origins=[APP, LIB], refs=[MAIN]),
        [f"also {MAIN} of {LIB} [wider]"],
    ),
    (
        AT_MAIN,
        trust(),
        [f"also any origin and ref, before only {MAIN} of {APP} [wider]"],
    ),
    (
        trust(),
        trust(origins=[APP], refs=[MAIN, TAGS]),
        [f"no longer any origin and ref, only {MAIN}, {TAGS} of {APP} [narrower]"],
    ),
    (trust(users=[U1]), trust(users=[U2, U1]), [f"also user {U2} [wider]"]),
    (trust(users=[U1]), trust(), [f"also any user, before only user {U1} [wider]"]),
    (
        trust(),
        trust(users=[U1, U2]),
        [f"no longer any user, only user {U1} or {U2} [narrower]"],
    ),
    (trust(), trust(projects=["*"]), [f"also any project, before only project {P1} [wider]"]),
    (
        trust(),
        trust(projects=[P2]),
        [
            "no longer lets in any job that it let in [breaks]",
            f"also project {P2} [wider]",
            f"no longer project {P1} [narrower]",
        ],
    ),
    (
        trust(origins=[APP], refs=[MAIN, "refs/heads/x"]),
        trust(origins=[APP], refs=[TAGS]),
        [
            "no longer lets in any job that it let in [breaks]",
            f"also {TAGS} of {APP} [wider]",
            f"no longer {MAIN}, refs/heads/x of {APP} [narrower]",
        ],
    ),
    (
        trust(users=[U1]),
        trust(origins=[APP]),
        [
            f"also any user, before only user {U1} [wider]",
            f"no longer any origin and ref, only any ref of {APP} [narrower]",
        ],
    ),
    (
        trust(projects=[P1, P2]),
        trust(projects=[P1, P2], projectIdClaim=True),
        ["now checks the token's project claim [narrower]"],
    ),
    (
        trust(projects=[P1, P2], projectIdClaim=True),
        trust(projects=[P2, P1]),
        ["no longer checks the token's project claim [wider]"],
    ),
    (
        trust(projects=[P1], projectIdClaim=True),
        trust(projects=[P1, P2], projectIdClaim=True),
        [f"also project {P2} [wider]"],
    ),
    (
        None,
        AT_MAIN,
        [f"jobs of project {P1} in organization {ORG}, run by any user, {MAIN} of {APP} [wider]"],
    ),
    (
        trust(users=[U1]),
        None,
        [
            (
                f"no longer jobs of project {P1} in organization {ORG}, run by user {U1}, "
                "any origin and ref [narrower]"
            ),
        ],
    ),
    (
        trust(),
        trust(organization=OTHER_ORG),
        [
            "no longer lets in any job that it let in [breaks]",
            (
                f"also jobs of project {P1} in organization {OTHER_ORG}, run by any user, "
                "any origin and ref [wider]"
            ),
            (
                f"no longer jobs of project {P1} in organization {ORG}, run by any user, "
                "any origin and ref [narrower]"
            ),
        ],
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES)
def test_changes_in_words(
    before: Document | None, after: Document | None, expected: list[str]
) -> None:
    assert said(before, after) == expected


def edited(document: Document, **condition: object) -> Document:
    """A trust as somebody changed it by hand: None takes an operator away."""
    (statement,) = document["Statement"]
    block = {**statement["Condition"], **condition}
    kept = {operator: keys for operator, keys in block.items() if keys is not None}
    return {**document, "Statement": [{**statement, "Condition": kept}]}


def test_a_trust_of_the_audience_alone_is_wider() -> None:
    assert said(trust(), edited(trust(), StringLike=None)) == [
        (
            f"also sts:AssumeRoleWithWebIdentity by Federated {provider(ORG)} "
            f"where {issuer(ORG)}:aud is {ORG} [wider]"
        )
    ]


def test_a_user_written_as_a_star_is_wider() -> None:
    subject = f"org/{ORG}/project/{P1}/user/*/vcs-origin/*/vcs-ref/{MAIN}"
    (line,) = said(AT_MAIN, edited(AT_MAIN, StringLike={f"{issuer(ORG)}:sub": subject}))
    assert line.startswith("also sts:AssumeRoleWithWebIdentity")
    assert line.endswith(f":sub is {subject} [wider]")


def test_an_open_ref_without_the_exclusion_of_doubled_refs_is_wider() -> None:
    guarded = trust(origins=[APP], refs=["refs/heads/*"])
    assert changed(guarded, edited(guarded, StringNotLike=None)).count(Verdict.WIDER) == 1


def test_with_any_origin_the_exclusion_of_doubled_refs_counts_for_plain_refs_too() -> None:
    job = trust()["Statement"][0]["Condition"]["StringLike"][f"{issuer(ORG)}:sub"][0]
    subject = {f"{issuer(ORG)}:sub": f"{job}/vcs-origin/*/vcs-ref/{MAIN}"}
    crafted = edited(trust(), StringLike=subject)
    guarded = edited(crafted, StringNotLike={f"{issuer(ORG)}:sub": TWO_REFS})
    assert changed(guarded, crafted).count(Verdict.WIDER) == 1
    assert changed(crafted, guarded).count(Verdict.NARROWER) == 1


def test_a_test_that_this_project_does_not_write_is_said() -> None:
    block = {"StringEquals": {f"{issuer(ORG)}:aud": ORG, "aws:SourceVpc": "vpc-1"}}
    assert said(trust(), edited(trust(), **block)) == [
        "now asks that aws:SourceVpc is vpc-1 [narrower]"
    ]
    assert said(edited(trust(), **block), trust()) == [
        "no longer asks that aws:SourceVpc is vpc-1 [wider]"
    ]


def test_another_principal_and_a_deny_are_said() -> None:
    extra = {"Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "sts:AssumeRole"}
    more = {
        "Version": "2012-10-17",
        "Statement": [*trust()["Statement"], {"Effect": "Allow", **extra}],
    }
    assert said(trust(), more) == ["also sts:AssumeRole by AWS arn:aws:iam::1:root [wider]"]
    less = {
        "Version": "2012-10-17",
        "Statement": [*trust()["Statement"], {"Effect": "Deny", **extra}],
    }
    assert said(trust(), less) == [
        "now refuses sts:AssumeRole by AWS arn:aws:iam::1:root [narrower]"
    ]
    assert said(more, trust()) == ["no longer sts:AssumeRole by AWS arn:aws:iam::1:root [narrower]"]
    assert said(less, trust()) == [
        "no longer refuses sts:AssumeRole by AWS arn:aws:iam::1:root [wider]"
    ]
    least = {
        **less,
        "Statement": [*less["Statement"][:-1], {**less["Statement"][-1], "Action": "*"}],
    }
    assert said(least, less) == [
        "no longer refuses every action by AWS arn:aws:iam::1:root, now only sts:AssumeRole [wider]"
    ]


def test_combinations_that_no_config_writes_are_said_one_by_one() -> None:
    pairs = ((P1, U1), (P2, U2))
    subjects = [f"org/{ORG}/project/{project}/user/{user}" for project, user in pairs]
    by_hand = edited(
        trust(),
        StringLike=None,
        StringEquals={
            f"{issuer(ORG)}:aud": ORG,
            f"{issuer(ORG)}:sub": subjects,
        },
    )
    assert said(None, by_hand) == [
        f"jobs of project {project} in organization {ORG}, run by user {user}, "
        "tokens that name no origin [wider]"
        for project, user in pairs
    ]


def test_a_trust_that_cannot_be_read_counts_as_wider() -> None:
    (line,) = changed(trust(), edited(trust(), BinaryEquals={"k": "QQ=="})).lines
    assert line.verdict is Verdict.WIDER
    assert line.text.startswith("has a trust that cannot be compared: trust policy: Statement[0]")


TRUSTS = st.builds(
    lambda projects, users, origins, refs, *, claim: trust(
        projects=projects,
        users=users,
        origins=origins,
        refs=refs if origins else [],
        projectIdClaim=claim and projects != ["*"],
    ),
    st.one_of(st.just(["*"]), st.lists(st.sampled_from([P1, P2]), min_size=1, unique=True)),
    st.lists(st.sampled_from([U1, U2]), unique=True),
    st.lists(st.sampled_from([APP, LIB]), unique=True),
    st.lists(st.sampled_from([MAIN, TAGS, "refs/heads/*", "refs/tags/v1"]), unique=True),
    claim=st.booleans(),
)
# A ref that holds "/vcs-ref/" as whoever pushes may choose it, and one that is like another's.
REFS = st.sampled_from([MAIN, "refs/tags/v1", "refs/heads/x", f"refs/heads/x/vcs-ref/{MAIN}"])
JOBS = st.builds(
    lambda project, user, code: Job(ORG, project, user, *code),
    st.sampled_from([P1, P2]),
    st.sampled_from([U1, U2]),
    st.one_of(st.just((None, None)), st.tuples(st.sampled_from([APP, LIB]), REFS)),
)
MANY = settings(deadline=None, max_examples=200)


def accepted(document: Document, job: Job) -> bool:
    claims = {
        "aud": ORG,
        "sub": job.subject,
        "oidc.circleci.com/project-id": job.project,
    }
    return decide_trust(document, web_identity(provider(ORG), claims)).allowed


@given(TRUSTS, TRUSTS, st.lists(JOBS, max_size=8))
@MANY
def test_jobs_come_in_only_with_a_line_that_says_wider_and_drop_out_with_narrower(
    before: Document, after: Document, jobs: list[Job]
) -> None:
    diff = changed(before, after)
    for job in jobs:
        was, now = accepted(before, job), accepted(after, job)
        assert now <= was or diff.count(Verdict.WIDER)
        assert was <= now or diff.count(Verdict.NARROWER)
        assert not (was and now and diff.count(Verdict.BREAKS))


@given(TRUSTS, TRUSTS)
@MANY
def test_the_difference_applied_to_the_old_trust_gives_the_new(
    before: Document, after: Document
) -> None:
    old, new = normal_admissions(before), normal_admissions(after)
    assert difference(old, new).apply(old) == new


@given(TRUSTS)
@MANY
def test_each_trust_that_a_config_makes_is_read_back_and_differs_from_itself_in_nothing(
    document: Document,
) -> None:
    assert all(admission(one) is not None for one in normal_admissions(document))
    assert changed(document, document).lines == ()
