"""What AWS checks of a token, and the words for what is not passed."""

from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from components.circleci.subject import Job, issuer
from components.iam.document import PolicyDocument
from components.policy.trust import provider_arn, trust_document
from sandbox.assume.checks import Check, Provider, RoleTrust, checks
from sandbox.assume.tokens import LATEST, Version, claims_of, sign
from tests.unit.sandbox.test_assume_job import APP, OTHER, trust
from tests.unit.sandbox.test_tokens import JOB, NOW, ORGANIZATION

KEY = RSAKey.generate_key(2048)
ROLE = "arn:aws:iam::111111111111:role/deploy"
ISSUER = issuer(ORGANIZATION)
PROVIDER = provider_arn("aws", "111111111111", ORGANIZATION)
MAIN = {"origins": [APP], "refs": ["refs/heads/main"]}


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


def test_a_trusted_job_passes_every_check() -> None:
    found = made(role(**MAIN))
    assert list(found) == ["signature", "expiry", "issuer", "audience", "trust"]
    assert failed(found) == []


def test_a_job_that_the_trust_refuses_gets_the_reasons_and_the_error_of_aws() -> None:
    check = made(role(**MAIN), replace(JOB, ref="refs/heads/other"))["trust"]
    assert (check.passed, check.aws_error) == (False, "AccessDenied")
    assert [words.partition(";")[0] for words in check.words] == ["ref is refs/heads/other"]


def test_a_foreign_audience_is_refused_by_the_provider_and_by_the_trust() -> None:
    found = made(role(**MAIN), aud="sts.amazonaws.com")
    assert failed(found) == ["audience", "trust"]
    words = f"sts.amazonaws.com; the provider takes {ORGANIZATION}"
    assert found["audience"].words == (words,)
    assert found["audience"].aws_error == "InvalidIdentityToken"


def test_another_organization_has_no_provider_and_is_no_principal() -> None:
    found = made(role(**MAIN), replace(JOB, organization=OTHER))
    assert failed(found) == ["issuer", "trust"]
    assert OTHER in found["issuer"].words[0]


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
    assert failed(made(trusting, **{"oidc.circleci.com/project-id": OTHER})) == ["trust"]


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **changes,
    }


def test_a_trust_that_is_not_understood_is_an_error_not_an_answer() -> None:
    document = {"Version": "2012-10-17", "Statement": [statement(Condition={"Odd": {"a": "b"}})]}
    with pytest.raises(ValueError, match="Odd"):
        made(role(document))
