"""What `assume` prints."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.iam.document import PolicyKind, parse
from components.settings.stack_file import StackFile
from sandbox.assume.attempt import Attempt, Session
from sandbox.assume.checks import Check, RoleTrust
from sandbox.assume.reading import Policy, RoleRead
from sandbox.assume.report import as_json, as_text
from sandbox.assume.tokens import LATEST, claims_of
from sandbox.stacks import SandboxStack
from tests.unit.sandbox.test_tokens import JOB, NOW, ORGANIZATION

STACK = SandboxStack(StackFile("dev", Path("Pulumi.dev.yaml"), {}))
ROLE = "arn:aws:iam::123456789012:role/deploy"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
SESSION = Session("ASIAEXAMPLE", f"{ROLE}/sandbox", datetime(2026, 11, 24, 13, tzinfo=UTC))
PASSED = Check("expiry", passed=True, words=("valid",), aws_error="ExpiredTokenException")
REFUSED = Check("trust", passed=False, words=("ref is x", "aud is y"), aws_error="AccessDenied")


def attempt(*statements: dict[str, Any], boundary: str | None = None, **changes: Any) -> Attempt:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    policies = (
        Policy("s3-access", managed=False, statements=parse(document, "", PolicyKind.IDENTITY)),
    )
    fields: dict[str, Any] = {
        "role": RoleRead(RoleTrust(ROLE, {}, ()), policies, boundary),
        "claims": claims_of(JOB, LATEST, issued=NOW),
        "checks": (PASSED,),
        "session": SESSION,
    }
    return Attempt(**{**fields, **changes})


def allow(**changes: Any) -> dict[str, Any]:
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"}
    return {**read, **changes}


def lines(tried: Attempt) -> list[str]:
    return as_text(STACK, "deploy", tried).splitlines()


def test_what_a_session_can_do_is_said_by_statement() -> None:
    listing = allow(
        Action="s3:ListBucket",
        Resource="arn:aws:s3:::acme",
        Condition={"StringLike": {"s3:prefix": ["a/*", "b/*"]}},
    )
    found = lines(attempt(allow(Action=["s3:GetObject", "s3:PutObject"]), listing))
    start = found.index("  s3-access, inline:")
    assert found[start + 1 : start + 6] == [
        "    s3:GetObject, s3:PutObject",
        "      on acme/*",
        "    s3:ListBucket",
        "      on acme",
        "      where s3:prefix is a/* or b/*",
    ]


def test_what_limits_a_session_is_said() -> None:
    denied = allow(Effect="Deny", NotAction="s3:Get*")
    del denied["Action"]
    found = lines(attempt(allow(), denied, boundary=BOUNDARY))
    assert "    never all but s3:Get*" in found
    assert f"within the permissions boundary {BOUNDARY}" in " ".join(map(str.strip, found))


def test_many_resources_are_cut_in_the_text_and_whole_in_json() -> None:
    many = [f"arn:aws:s3:::acme-{number:03}/*" for number in range(40)]
    tried = attempt(allow(Resource=many))
    assert "and 28 more" in as_text(STACK, "deploy", tried)
    (policy,) = as_json(STACK, "deploy", tried)["policies"]
    assert policy["statements"][0]["resources"] == many


def test_a_refusal_gives_every_reason_and_no_session() -> None:
    tried = attempt(allow(), checks=(PASSED, REFUSED), session=None)
    found = lines(tried)
    assert found[0] == "deploy of dev: no, it does not let this job in"
    assert found.index("  no  trust   ref is x") + 1 == found.index("  no          aud is y")
    assert "AWS would answer AccessDenied; moto, which takes any token, was not asked." in found
    assert not any("It may" in line for line in found)
    told = as_json(STACK, "deploy", tried)
    assert (told["trusted"], told["session"], told["awsError"]) == (False, None, "AccessDenied")


def test_the_first_check_that_is_not_passed_is_what_aws_answers() -> None:
    expired = Check("expiry", passed=False, words=("over",), aws_error="ExpiredTokenException")
    told = as_json(STACK, "deploy", attempt(checks=(expired, REFUSED), session=None))
    assert told["awsError"] == "ExpiredTokenException"


def test_the_answer_never_says_that_moto_checked_anything() -> None:
    text = as_text(STACK, "deploy", attempt(allow()))
    assert "Checked by the sandbox, by AWS's rules (moto checks none of it):" in text
    assert "moto lets a session make any call" in text.replace("\n", " ")


def test_lines_fit_80_columns_whatever_the_names() -> None:
    long = allow(Resource=f"arn:aws:s3:::{'b' * 63}/{'p/' * 80}*", Action=["s3:GetObject"] * 20)
    refused = Check("trust", passed=False, words=(f"ref is {'x' * 300}",), aws_error="AccessDenied")
    claims = {**claims_of(JOB, LATEST, issued=NOW), "sub": f"org/{ORGANIZATION}/{'y' * 300}"}
    for tried in (
        attempt(long, boundary=BOUNDARY * 3, claims=claims),
        attempt(checks=(refused,), session=None, claims=claims),
    ):
        assert max(map(len, lines(tried))) <= 80
        assert all(line == line.rstrip() for line in lines(tried))


def test_the_subject_is_shown_in_its_parts() -> None:
    found = lines(attempt())
    start = found.index(f"  subject   org/{ORGANIZATION}")
    assert found[start + 3 : start + 5] == [
        "            /vcs-origin/github.com/acme/app",
        "            /vcs-ref/refs/heads/main",
    ]


def test_what_a_terminal_would_obey_is_escaped() -> None:
    claims = {**claims_of(JOB, LATEST, issued=NOW), "sub": "a\x1b[2J\nb", "aud": "\udc80"}
    text = as_text(STACK, "deploy", attempt(claims=claims))
    assert r"a\x1b[2J\nb" in text
    assert r"\udc80" in text
    text.encode()


def test_json_is_plain_values_and_holds_no_secret() -> None:
    told = as_json(STACK, "deploy", attempt(allow()))
    assert json.loads(json.dumps(told)) == told
    assert told["session"].keys() == {"accessKeyId", "arn", "expires"}
    assert told["trusted"] is True
