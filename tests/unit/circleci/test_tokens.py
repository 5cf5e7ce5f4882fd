"""What CircleCI's tokens say of a job, as its documentation spells it."""

import pytest

from components.circleci.subject import Job, issuer

ORG = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
P, U = "6f9b2f3c-0000-4000-8000-000000000001", "0d1c0000-0000-4000-8000-000000000002"


def test_the_issuer_is_the_organizations_without_a_scheme() -> None:
    assert issuer(ORG) == f"oidc.circleci.com/org/{ORG}"


def test_the_subject_of_the_first_version_names_who() -> None:
    assert Job(ORG, P, U).subject == f"org/{ORG}/project/{P}/user/{U}"


def test_the_subject_of_the_second_version_also_names_what() -> None:
    job = Job(ORG, P, U, "github.com/acme/app", "refs/heads/main")
    assert job.subject == (
        f"org/{ORG}/project/{P}/user/{U}/vcs-origin/github.com/acme/app/vcs-ref/refs/heads/main"
    )


@pytest.mark.parametrize(("origin", "ref"), [(None, None), ("github.com/a/b", None), (None, "x")])
def test_a_pipeline_of_a_custom_webhook_has_the_first_form_in_both(
    origin: str | None, ref: str | None
) -> None:
    assert Job(ORG, P, U, origin, ref).subject == Job(ORG, P, U).subject
