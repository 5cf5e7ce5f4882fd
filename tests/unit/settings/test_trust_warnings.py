"""Warnings about a role's trust and path: what is valid, and may keep jobs out or let all in."""

import pytest

from tests.unit.settings.configs import role, stack, trust, user, warned


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ("acme/app", "has no host; did you mean 'github.com/acme/app'?"),
        (
            "GitHub.com/acme/App",
            (
                "has uppercase letters in its host, and case matters; "
                "did you mean 'github.com/acme/App'?"
            ),
        ),
        (
            "github.com/app",
            "has only one name after the host; an origin is host, owner and repository",
        ),
        ("github.com/acme/app", None),
        ("gitlab.acme.com/group/sub/App", None),
    ],
)
def test_an_origin_that_no_job_may_have_is_warned_of(origin: str, message: str | None) -> None:
    expected = [f"identities.ci.trust.origins: '{origin}' {message}"] if message else []
    assert warned(stack(ci=role(trust=trust(origins=[origin])))) == expected


@pytest.mark.parametrize(
    ("ref", "is_usual"),
    [
        *((ref, True) for ref in ("refs/heads/main", "refs/heads/*", "refs/tags/v*", "refs/*")),
        *((ref, True) for ref in ("refs/pull/1/head", "refs/h*", "refs/heads/head/x")),
        *((ref, False) for ref in ("refs/head/main", "refs/head/*", "refs/tag/v1", "refs/main")),
        *((ref, False) for ref in ("refs/heads", "refs/x*")),
    ],
)
def test_a_ref_that_is_no_branch_tag_or_pull_request_is_warned_of(ref: str, is_usual: bool) -> None:  # noqa: FBT001 - a column of the table
    message = (
        f"'{ref}' is not a branch (refs/heads/…), tag (refs/tags/…) or pull request (refs/pull/…); "
        "probably no job has it"
    )
    config = stack(ci=role(trust=trust(origins=["github.com/acme/app"], refs=[ref])))
    assert warned(config) == ([] if is_usual else [f"identities.ci.trust.refs: {message}"])


@pytest.mark.parametrize(
    ("path", "holds"),
    [("/a<<b/", "<<"), ("/$a/", "$"), ("/a\\$/", "$ and \\"), ("/a<b/", None), ("/ci/", None)],
)
def test_a_roles_path_that_a_circleci_job_would_change_is_said(
    path: str, holds: str | None
) -> None:
    warning = f"'{path}' contains {holds}, which the aws-cli orb changes in a job"
    expected = [f"identities.ci.path: {warning}"] if holds else []
    assert warned(stack(ci=role(path=path))) == expected
    assert warned(stack(ci=user(path=path))) == []


def test_every_project_is_said_loudly() -> None:
    assert warned(stack(ci=role(trust=trust(projects=["*"])))) == [
        (
            "identities.ci.trust.projects: '*' lets every project of the organization assume the "
            "role, including projects created later"
        )
    ]
