"""The test issuer's tokens: shaped as CircleCI's, and refused where anything is wrong with them."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import RSAKey

from components.circleci.subject import Job
from sandbox.folder import Folder
from sandbox.issuer import (
    LATEST,
    TokenError,
    Version,
    issuer_key,
    read_unchecked,
    sign,
    signature_fault,
    time_fault,
    token_claims,
    write_secret,
)
from sandbox.lifecycle import SandboxError

ORGANIZATION = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"
USER = "0d1c9a3e-7c1e-4a52-9e3f-0123456789ab"
JOB = Job(ORGANIZATION, PROJECT, USER, "github.com/acme/app", "refs/heads/main")
WEBHOOK = Job(ORGANIZATION, PROJECT, USER)
WHO = f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> RSAKey:
    return issuer_key(Folder(tmp_path_factory.mktemp("sandbox")))


def part(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def unpart(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


HEADER = part(b'{"alg":"RS256"}')


@pytest.mark.parametrize(
    ("job", "version", "subject"),
    [
        (JOB, "v1", WHO),
        (JOB, "v2", f"{WHO}/vcs-origin/github.com/acme/app/vcs-ref/refs/heads/main"),
        (WEBHOOK, "v1", WHO),
        (WEBHOOK, "v2", WHO),
    ],
)
def test_the_subject_is_that_of_the_version_and_of_the_trigger(
    job: Job, version: Version, subject: str
) -> None:
    claims = token_claims(job, version, issued=NOW)
    assert claims["sub"] == subject
    assert claims["iss"] == f"https://oidc.circleci.com/org/{ORGANIZATION}"
    assert claims["aud"] == ORGANIZATION
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["iat"] == NOW.timestamp()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_circlecis_own_claims_are_those_of_its_docs(version: Version) -> None:
    """As listed by circleci-docs and checked by pypi/warehouse; a webhook's name no code."""
    always = {
        "context-ids",
        "job-id",
        "org-id",
        "pipeline-definition-id",
        "pipeline-id",
        "project-id",
        "ssh-rerun",
        "workflow-id",
    }

    def own(job: Job) -> dict[str, Any]:
        claims = token_claims(job, version, issued=NOW).items()
        prefix = "oidc.circleci.com/"
        return {name.removeprefix(prefix): v for name, v in claims if name.startswith(prefix)}

    assert own(WEBHOOK).keys() == always
    named = own(JOB)
    assert named.keys() == always | {"vcs-origin", "vcs-ref"}
    assert (named["org-id"], named["project-id"]) == (ORGANIZATION, PROJECT)
    assert (named["vcs-origin"], named["vcs-ref"]) == (JOB.origin, JOB.ref)
    assert named["ssh-rerun"] is False


def test_a_job_may_ask_for_another_audience_and_for_nothing_else() -> None:
    plain = token_claims(JOB, LATEST, issued=NOW)
    asked = token_claims(JOB, LATEST, issued=NOW, audience="sts.amazonaws.com")
    assert asked["aud"] == "sts.amazonaws.com"
    assert asked.keys() == plain.keys()
    assert asked["sub"] == plain["sub"]


def test_a_token_is_signed_with_rs256_and_the_key_on_disk(tmp_path: Path) -> None:
    token = sign(token_claims(JOB, LATEST, issued=NOW), issuer_key(Folder(tmp_path)))
    header, payload, signature = token.split(".")
    assert json.loads(unpart(header))["alg"] == "RS256"
    own = load_pem_private_key((tmp_path / "issuer-key.pem").read_bytes(), None)
    assert isinstance(own, rsa.RSAPrivateKey)
    signed = f"{header}.{payload}".encode()
    own.public_key().verify(unpart(signature), signed, padding.PKCS1v15(), SHA256())


def test_a_token_is_read_back_and_its_signature_holds(key: RSAKey) -> None:
    claims = token_claims(JOB, LATEST, issued=NOW)
    token = sign(claims, key)
    assert read_unchecked(token) == claims
    assert signature_fault(token, key) is None


def test_a_token_that_was_changed_is_refused(key: RSAKey) -> None:
    claims = token_claims(JOB, LATEST, issued=NOW)
    header, _, signature = sign(claims, key).split(".")
    changed = part(json.dumps({**claims, "aud": "sts.amazonaws.com"}).encode())
    assert signature_fault(f"{header}.{changed}.{signature}", key) is not None


def test_a_token_of_another_issuer_is_refused(key: RSAKey) -> None:
    token = sign(token_claims(JOB, LATEST, issued=NOW), RSAKey.generate_key(2048))
    assert signature_fault(token, key) is not None


def test_a_token_that_names_no_algorithm_is_refused(key: RSAKey) -> None:
    payload = sign(token_claims(JOB, LATEST, issued=NOW), key).split(".")[1]
    unsigned = f"{part(json.dumps({'alg': 'none'}).encode())}.{payload}."
    assert read_unchecked(unsigned)["aud"] == ORGANIZATION
    assert signature_fault(unsigned, key) is not None


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(key: RSAKey) -> None:
    payload = sign(token_claims(JOB, LATEST, issued=NOW), key).split(".")[1]
    signed = f"{part(json.dumps({'alg': 'HS256'}).encode())}.{payload}"
    made = hmac.new(key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    assert signature_fault(f"{signed}.{part(made)}", key) is not None


@pytest.mark.parametrize(
    ("changes", "later", "fault"),
    [
        ({}, timedelta(0), None),
        ({}, timedelta(minutes=59, seconds=59), None),
        ({}, timedelta(hours=1), "expired at 2026-11-24 13:00:00 UTC"),
        ({}, timedelta(days=9), "expired at 2026-11-24 13:00:00 UTC"),
        ({}, timedelta(seconds=-1), "not in time: The token was issued in the future"),
        ({"exp": None}, timedelta(0), "not in time: Missing claim: 'exp'"),
        ({"exp": "later"}, timedelta(0), "not in time: Claim 'exp' must be a NumericDate value"),
        ({"exp": -(10**30)}, timedelta(0), f"expired at {-(10**30)} seconds after 1970"),
    ],
)
def test_a_token_is_taken_from_its_issue_to_its_end(
    changes: dict[str, Any], later: timedelta, fault: str | None
) -> None:
    claims = {**token_claims(JOB, LATEST, issued=NOW), **changes}
    assert time_fault(claims, NOW + later) == fault


def test_a_token_without_an_end_is_refused() -> None:
    assert time_fault({"iat": NOW.timestamp()}, NOW) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a.b.c",
        "é.é.é",
        "\udc80",
        f"{part(b'[]')}.{part(b'{}')}.x",
        f"{HEADER}.{part(b'[1]')}.x",
        f"{HEADER}.{part(b'no json')}.x",
        f"{HEADER}.{part(b'[' * 90_000)}.x",
    ],
)
def test_what_is_no_token_is_said(text: str) -> None:
    with pytest.raises(TokenError, match="no signed token"):
        read_unchecked(text)


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first = issuer_key(folder)
    path = folder.root / "issuer-key.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert issuer_key(folder).thumbprint() == first.thumbprint()
    assert {one.name for one in tmp_path.iterdir()} == {"issuer-key.pem", "lock"}


def test_a_broken_key_file_is_said_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "issuer-key.pem"
    path.write_text("no key")
    with pytest.raises(SandboxError, match=r"issuer-key\.pem holds no key; remove it"):
        issuer_key(Folder(tmp_path))
    assert path.read_text() == "no key"


def test_a_secret_file_is_the_owners_even_where_it_was_everybodys(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
