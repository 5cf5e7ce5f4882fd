"""The issuer and the subject of CircleCI's tokens, as its documentation spells them."""

import pytest

from components.circleci.subject import Job, issuer

ORG = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
P, U = "6f9b2f3c-0000-4000-8000-000000000001", "0d1c0000-0000-4000-8000-000000000002"
APP, MAIN = "github.com/acme/app", "refs/heads/main"


def test_the_issuer_is_the_organizations_without_a_scheme() -> None:
    assert issuer(ORG) == f"oidc.circleci.com/org/{ORG}"


@pytest.mark.parametrize(
    ("origin", "ref", "code"),
    [
        (APP, MAIN, f"/vcs-origin/{APP}/vcs-ref/{MAIN}"),
        # The first version of the token, and both versions of a custom webhook's pipeline.
        *((None, None, ""), (APP, None, ""), (None, MAIN, "")),
    ],
)
def test_the_subject_names_who_and_where_both_are_known_the_code(
    origin: str | None, ref: str | None, code: str
) -> None:
    assert Job(ORG, P, U, origin, ref).subject == f"org/{ORG}/project/{P}/user/{U}{code}"
