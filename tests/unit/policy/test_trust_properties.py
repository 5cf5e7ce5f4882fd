"""No branch name, origin or user id talks its way into a role.

Near misses are drawn, not noise: real values with pieces of a subject's own syntax in between,
so that a trust with one wildcard too wide lets one of them in.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import Any

from hypothesis import event, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from components.circleci.subject import ANY_UUID, Job
from components.policy.trust import subjects, trust_document
from components.settings.model import Trust
from tests.unit.policy.trusts import (
    APP,
    MAIN,
    ORG,
    P1,
    P2,
    P3,
    U1,
    U2,
    U3,
    is_meant,
    lets_in,
    settings,
)

PROJECTS, USERS = [P1, P2, P3], [U1, U2, U3]
ORIGINS = [APP, "github.com/acme/app2", "gitlab.acme.com/a/b/app"]
REFS = [MAIN, "refs/heads/*", "refs/tags/v*", "refs/heads/release/*", "refs/*", "refs/tags/v1"]
BRANCHES = [MAIN, "refs/heads/release/1", "refs/tags/v1", "refs/tags/w", "refs/pull/1/head", "x"]
SYNTAX = ["/", "x", "*", "?", "\n", "vcs-ref", "/vcs-ref", "/vcs-ref/", "vcs-ref/", "/vcs-origin/"]
SYNTAX += ["user", "/user/", "/project/", "org/", "refs/", "refs/tags/v", "${*}", ANY_UUID]


def some(values: Iterable[str]) -> list[list[str]]:
    """One of the values, or two."""
    values = list(values)
    return [[one] for one in values] + [list(pair) for pair in combinations(values, 2)]


CODE: list[dict[str, Any]] = [
    {},
    *({"origins": origins} for origins in some(ORIGINS[:2])),
    *({"origins": origins, "refs": refs} for origins in some(ORIGINS[:2]) for refs in some(REFS)),
]
"""Where a job's code may come from: anywhere, some origins, some refs of them."""

TRUSTS = [
    settings(projects=projects, **users, **code, projectIdClaim=claim and projects != ["*"])
    for projects in [["*"], *some(PROJECTS[:2])]
    for users in [{}, *({"users": users} for users in some(USERS[:2]))]
    for code in CODE
    for claim in (True, False)
]
"""Settings of every shape."""


def _endings(trust: Trust) -> list[str]:
    """The ends of a subject that is let in, from each of its slashes on."""
    project = P1 if "*" in trust.projects else trust.projects[0]
    user, origin = (trust.users or (U1,))[0], (trust.origins or (APP,))[0]
    good = Job(ORG, project, user, origin, (trust.refs or (MAIN,))[0].replace("*", "1")).subject
    return [good[place.start() :] for place in re.finditer("/", good)]


def crafted(trust: Trust, real: list[str]) -> st.SearchStrategy[str]:
    """Real values, and such with pieces of a subject before, after and between them."""
    pieces = [*real, *SYNTAX, *USERS, *_endings(trust)]
    joined = st.lists(st.sampled_from(pieces), max_size=3).map("".join)
    continued = st.sampled_from(
        [one + piece for one in (*real, "x", "refs/heads/x") for piece in pieces]
    )
    return continued | joined | st.text(max_size=6)


@st.composite
def user_ids(draw: st.DrawFn, trust: Trust) -> str:
    """UUIDs; and any 36 characters, with a subject's pieces in them, in a UUID's shape or not."""
    if draw(st.sampled_from([True, True, False])):
        return draw(st.sampled_from(USERS))
    text = (draw(crafted(trust, USERS)) + "x" * 36)[:36]
    if draw(st.booleans()):
        text = "".join(
            "-" if of_uuid == "-" else own for own, of_uuid in zip(text, ANY_UUID, strict=True)
        )
    return text


def wrong(trust: Trust, job: Job) -> st.SearchStrategy[Job]:
    """The job with one part or two that are others, or crafted, or no longer there."""
    parts: dict[str, st.SearchStrategy[str]] = {
        "project": st.sampled_from(PROJECTS),
        "user": user_ids(trust),
        "origin": crafted(trust, ORIGINS),
        "ref": crafted(trust, BRANCHES),
    }
    changes = [
        st.fixed_dictionaries({part: parts[part] for part in picked}) for picked in some(parts)
    ]
    return st.one_of(changes).map(lambda change: replace(job, **change)) | st.just(
        replace(job, origin=None, ref=None)
    )


def continued(trust: Trust, job: Job) -> st.SearchStrategy[Job]:
    """A job of another project, user or fork, on a branch named after the end of a subject."""
    others = {"project": P3, "user": U3, "origin": "github.com/fork/app"}
    changes = [{part: others[part] for part in picked} for picked in some(others)]
    starts = ["x", "refs/heads/x", str(job.ref)]
    refs = [start + ending for start in starts for ending in _endings(trust)]
    return st.builds(
        lambda change, ref: replace(job, **change, ref=ref),
        st.sampled_from(changes),
        st.sampled_from(refs),
    )


def cut_elsewhere(job: Job) -> st.SearchStrategy[Job]:
    """A job whose origin goes on with what could be a ref's start, or the other way round."""
    between = ["vcs-ref", "vcs-ref/x", f"vcs-ref/{job.ref}", "x/vcs-ref", f"{job.ref}/vcs-ref"]
    jobs = [replace(job, origin=f"{job.origin}/{middle}") for middle in between]
    jobs += [replace(job, ref=f"{middle}/{ref}") for middle in between for ref in (MAIN, job.ref)]
    return st.sampled_from(jobs)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Trust, Job]:
    """A trust, and a job that it means, or nearly."""
    trust = draw(st.sampled_from(TRUSTS))
    job = Job(
        ORG,
        draw(st.sampled_from(PROJECTS if "*" in trust.projects else trust.projects)),
        draw(st.sampled_from(trust.users or USERS)),
        draw(st.sampled_from(trust.origins or ORIGINS)),
        draw(st.sampled_from([one.replace("*", "1") for one in trust.refs] or BRANCHES)),
    )
    near = [st.just(job), wrong(trust, job), continued(trust, job), cut_elsewhere(job)]
    return trust, draw(draw(st.sampled_from(near)))


def is_ambiguous(trust: Trust, job: Job) -> bool:
    """A ref that could also be an origin's end, where the trust lets refs vary."""
    is_open = not trust.refs or any(ref.endswith("*") for ref in trust.refs)
    return bool(trust.origins) and is_open and "/vcs-ref/" in f"/{job.ref}"


@examples(max_examples=400)
@given(cases())
def test_a_job_gets_in_if_all_that_is_real_about_it_is_meant_and_only_then(
    case: tuple[Trust, Job],
) -> None:
    trust, job = case
    answer = lets_in(trust, job)
    event(f"let in: {answer}")
    if answer:
        assert is_meant(trust, job)
        assert not is_ambiguous(trust, job)
    elif job.user in USERS:
        assert not is_meant(trust, job) or is_ambiguous(trust, job)


@examples(max_examples=100)
@given(cases(), st.sampled_from(["sub", "aud", "oidc.circleci.com/project-id"]), st.data())
def test_no_claim_says_what_another_one_must(
    case: tuple[Trust, Job], claim: str, data: st.DataObject
) -> None:
    """A job's own values in another place than theirs never let it in where it is not meant."""
    trust, job = case
    value = data.draw(crafted(trust, [ORG, P1, job.subject]))
    if claim == "aud" and value != ORG:
        assert not lets_in(trust, job, {claim: value})
    if claim == "oidc.circleci.com/project-id" and not is_meant(trust, job):
        assert not lets_in(trust, job, {claim: value})


ID = rf"(?:[0-9a-f-]{{36}}|{re.escape(ANY_UUID)})"
SUBJECT = re.compile(
    rf"org/{ORG}/project/{ID}/user/{ID}"
    r"(?:/vcs-origin/(?:\*/vcs-ref/\*|[^*?$]+/vcs-ref/[^*?$]*\*?))?"
)


@given(st.sampled_from(TRUSTS))
def test_every_pattern_is_anchored_up_to_the_ref(trust: Trust) -> None:
    for pattern in subjects(trust):
        assert SUBJECT.fullmatch(pattern)


@given(st.sampled_from(TRUSTS), st.randoms())
def test_the_order_of_ids_origins_and_refs_changes_nothing(trust: Trust, chance: object) -> None:
    config = trust.model_dump(by_alias=True, exclude_defaults=True)
    shuffled = {
        key: chance.sample(value, len(value)) if isinstance(value, tuple) else value  # type: ignore[attr-defined]
        for key, value in config.items()
    }
    provider = "arn:aws:iam::111111111111:oidc-provider/x"
    assert trust_document(Trust.model_validate(shuffled), provider) == trust_document(
        trust, provider
    )
