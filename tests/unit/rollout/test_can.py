"""`rollout can`: yes or no, offline, and what decides."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest

from components.circleci.subject import Job
from rollout.asking.asked import NOT_LOOKED_AT
from tests.unit.rollout.command_line import Ask, Ran
from tests.unit.rollout.conftest import GUARDED, WriteStacks
from tests.unit.settings.configs import ORGANIZATION, PROJECT, USER, grant, role, trust, user

APP, MAIN = "github.com/acme/app", "refs/heads/main"
OTHER = "00000000-0000-4000-8000-000000000009"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/k"
WRITES = grant(bucket="acme-site", access=["list", "read", "write"], prefixes=["public/"])
IDENTITIES = {
    "ci": user(grants=[WRITES], accessKeys=["2026-11"]),
    "deploy": role(
        grants=[grant(bucket="acme-site", access=["read"], kmsKey=KEY)],
        trust=trust(origins=[APP], refs=[MAIN, "refs/tags/v*"], users=[USER], projectIdClaim=True),
        permissionsBoundary="arn:aws:iam::111111111111:policy/limit",
    ),
    "narrow": user(grants=[WRITES], sourceIps=["192.0.2.0/24"], requireTls=True),
    "console": user(grants=[grant(bucket="acme-site", access=["full"])]),
    "many": user(
        grants=[grant(bucket=f"acme-{number:03}", access=["read"]) for number in range(100)]
    ),
}
PUT = ("s3:PutObject", "s3://acme-site/public/index.html")
GET = ("s3:GetObject", "s3://acme-site/public/index.html")


@pytest.fixture
def root(project: WriteStacks) -> Path:
    return project(prod={**GUARDED, "identities": IDENTITIES})


def can(ask: Ask, root: Path, identity: str, *args: str) -> Ran:
    return ask(root, "can", "--stack", "prod", "--identity", identity, *args)


def token(**changes: Any) -> str:
    """An unsigned token as CircleCI's, of a job that the trust lets in."""
    job = Job(ORGANIZATION, PROJECT, USER, APP, MAIN)
    claims = {
        "iss": f"https://oidc.circleci.com/org/{ORGANIZATION}",
        "aud": ORGANIZATION,
        "sub": job.subject,
        "oidc.circleci.com/project-id": PROJECT,
        "oidc.circleci.com/context-ids": ["x"],
        "exp": 1,
        **changes,
    }
    parts = [{"alg": "RS256"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), "c2lnbmF0dXJl"])


@pytest.mark.parametrize(
    ("identity", "args", "code"),
    [
        ("ci", PUT, 0),
        ("ci", ("s3:PutObject", "s3://acme-site/private/x"), 1),
        ("ci", ("s3:DeleteObject", "s3://acme-site/public/x"), 1),
        ("ci", ("s3:ListBucket", "s3://acme-site/public/"), 0),
        ("ci", ("s3:ListBucket", "s3://acme-site"), 1),
        ("ci", ("s3:GetBucketLocation", "s3://acme-site"), 0),
        ("console", ("s3:PutObjectAcl", "s3://acme-site/any"), 0),
        ("console", ("s3:ListBucket", "s3://acme-site"), 1),
        ("many", ("s3:GetObject", "s3://acme-042/x"), 0),
        ("many", ("s3:GetObject", "s3://acme-142/x"), 1),
        ("narrow", (*PUT, "--source-ip", "192.0.2.7"), 0),
        ("narrow", (*PUT, "--source-ip", "198.51.100.7"), 1),
        ("narrow", PUT, 1),
        ("narrow", (*PUT, "--source-ip", "192.0.2.7", "--no-tls"), 1),
        ("deploy", GET, 0),
        ("deploy", ("kms:Decrypt", KEY), 0),
        ("deploy", ("kms:Encrypt", KEY), 1),
        ("deploy", (*GET, "--ref", MAIN), 0),
        ("deploy", (*GET, "--ref", "refs/tags/v1.2"), 0),
        ("deploy", (*GET, "--ref", "refs/heads/other"), 1),
        ("deploy", (*GET, "--user", OTHER), 1),
        ("deploy", (*GET, "--project", OTHER), 1),
        ("deploy", (*GET, "--organization", OTHER), 1),
        ("deploy", (*GET, "--origin", "github.com/evil/app"), 1),
        ("deploy", (*GET, "--webhook"), 1),
        ("deploy", (*GET, "--sub", Job(ORGANIZATION, PROJECT, USER, APP, MAIN).subject), 0),
        ("deploy", (*GET, "--sub", Job(ORGANIZATION, OTHER, USER, APP, MAIN).subject), 1),
        ("deploy", (*GET, "--sub", "nonsense"), 1),
        ("deploy", (*PUT, "--ref", MAIN), 1),
    ],
)
def test_the_exit_code_is_the_answer(
    ask: Ask, root: Path, identity: str, args: tuple[str, ...], code: int
) -> None:
    ran = can(ask, root, identity, *args)
    assert (ran.code, ran.err) == (code, "")
    assert ran.out.startswith("yes: " if code == 0 else "no: ")


def test_a_yes_names_the_statement_that_decides(ask: Ask, root: Path) -> None:
    lines = can(ask, root, "ci", *PUT).out.splitlines()
    assert lines[0] == "yes: ci of prod, s3:PutObject on s3://acme-site/public/index.html"
    assert lines[1].startswith("  its policies allow it, by statement ")
    assert lines[1].endswith(" of s3-access:")
    statement = json.loads(lines[2])
    assert "s3:PutObject" in statement["Action"]
    assert statement["Resource"] == "arn:aws:s3:::acme-site/public/*"
    assert lines[3:] == [NOT_LOOKED_AT]


def test_of_many_policies_the_one_that_decides_is_named(ask: Ask, root: Path) -> None:
    told = json.loads(can(ask, root, "many", "s3:GetObject", "s3://acme-042/x", "--json").out)
    assert told["policy"]["document"].startswith("many-user-s3-access-")
    assert "arn:aws:s3:::acme-042/*" in told["policy"]["text"]["Resource"]


def test_a_no_says_which_statement_denies(ask: Ask, root: Path) -> None:
    ran = can(ask, root, "narrow", *PUT, "--no-tls", "--json")
    told = json.loads(ran.out)
    assert (told["allowed"], told["policy"]["reason"]) == (False, "explicit deny")
    assert told["policy"]["text"]["Effect"] == "Deny"


@pytest.mark.parametrize(
    ("identity", "args", "hint"),
    [
        ("narrow", PUT, "of s3-access would allow it where aws:SourceIp is in 192.0.2.0/24"),
        (
            "ci",
            ("s3:PutObject", "s3://acme-site/private/x"),
            "of s3-access allows it on acme-site/public/*",
        ),
        (
            "ci",
            ("s3:ListBucket", "s3://acme-site/private/"),
            "of s3-access would allow it where s3:prefix is public/*",
        ),
    ],
)
def test_a_no_without_a_deny_says_what_comes_near(
    ask: Ask, root: Path, identity: str, args: tuple[str, ...], hint: str
) -> None:
    (told,) = json.loads(can(ask, root, identity, *args, "--json").out)["policy"]["hints"]
    assert told.endswith(hint)
    assert f"  {told}" in can(ask, root, identity, *args).out.splitlines()


def test_a_role_says_which_job_is_let_in_or_why_not(ask: Ask, root: Path) -> None:
    told = json.loads(can(ask, root, "deploy", *GET, "--ref", "refs/heads/x", "--json").out)
    assert (told["allowed"], told["policy"]["allowed"], told["job"]["allowed"]) == (
        False,
        True,
        False,
    )
    assert told["job"]["subject"].endswith("/vcs-ref/refs/heads/x")
    why = "ref is refs/heads/x; the trust allows refs/heads/main or refs/tags/v*"
    assert told["job"]["refusals"] == [why]
    assert f"  {why}" in can(ask, root, "deploy", *GET, "--ref", "refs/heads/x").out.splitlines()


def test_what_else_counts_is_said(ask: Ask, root: Path) -> None:
    asked = can(ask, root, "deploy", *GET, "--ref", MAIN).out
    assert "signature and its lifetime are not checked offline" in asked
    assert NOT_LOOKED_AT in asked
    assert "deploy has the permissions boundary arn:aws:iam::111111111111:policy/limit" in asked
    assert "Which jobs may assume the role was not asked" in can(ask, root, "deploy", *GET).out


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"sub": Job(ORGANIZATION, PROJECT, USER).subject}, 1),  # V1
        ({"aud": "sts.amazonaws.com"}, 1),
        ({"iss": f"https://oidc.circleci.com/org/{OTHER}"}, 1),
        ({"oidc.circleci.com/project-id": OTHER}, 1),
        ({"sub": 7}, 1),
    ],
)
def test_a_token_is_asked_about_by_its_claims(
    ask: Ask, root: Path, tmp_path: Path, changes: dict[str, Any], code: int
) -> None:
    file = tmp_path / "token"
    file.write_text(token(**changes) + "\n")
    assert can(ask, root, "deploy", *GET, "--token", str(file)).code == code


def test_a_token_may_come_from_standard_input_and_is_never_shown(
    ask: Ask, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(token()))
    ran = can(ask, root, "deploy", *GET, "--token", "-", "--json")
    assert (ran.code, json.loads(ran.out)["job"]["allowed"]) == (0, True)
    assert token() not in ran.out
    assert "c2lnbmF0dXJl" not in ran.out


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("--identity", "nobody", *GET), "has no identity 'nobody'; there are: ci, console,"),
        (
            ("--identity", "ci", "s3:HeadObject", GET[1]),
            "is an API call, not an action; it needs s3:",
        ),
        (("--identity", "ci", "s3:*", GET[1]), "'s3:*' is a wildcard"),
        (("--identity", "ci", "s3:GetObject", "acme-site/x"), "is neither s3://bucket nor s3://"),
        (("--identity", "ci", "s3:GetObject", "s3://acme-site"), "acts on an object: give s3://"),
        (
            ("--identity", "ci", "kms:Decrypt", GET[1]),
            "is not the ARN of a KMS key; kms:Decrypt needs one",
        ),
        (("--identity", "ci", *GET, "--ref", MAIN), "ci is a user, which no job assumes"),
        (("--identity", "deploy", *GET, "--ref", "main"), "did you mean 'refs/heads/main'?"),
        (("--identity", "deploy", *GET, "--user", "me"), "--user: 'me' is not a lowercase UUID"),
        (("--identity", "deploy", *GET, "--sub", "x", "--ref", MAIN), "leave out the others"),
        (("--identity", "deploy", *GET, "--token", "nowhere"), "--token nowhere: No such file"),
        (("--identity", "deploy", *GET, "--token", "Pulumi.yaml"), "is not a token"),
        (("--identity", "ci", *GET, "--source-ip", "here"), "'here' is not an IP address"),
        (("--identity", "ci"), "Missing argument 'ACTION'"),
        (GET, "Missing option '--identity'"),
        (("--identity", "ci", *GET, "--nonsense"), "No such option: --nonsense"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(
    ask: Ask, root: Path, args: tuple[str, ...], error: str
) -> None:
    ran = ask(root, "can", "--stack", "prod", *args)
    assert (ran.code, ran.out) == (2, "")
    assert error in ran.err
    assert "Traceback" not in ran.err


def test_a_config_that_can_not_be_used_is_told_whole_and_ends_with_2(
    ask: Ask, project: WriteStacks
) -> None:
    bad = user(grants=[grant(access=["raed"]), grant(bucket="X")])
    root = project(prod={**GUARDED, "identities": {"ci": bad}})
    ran = can(ask, root, "ci", *GET)
    assert ran.code == 2
    assert "Pulumi.prod.yaml: identities.ci.grants[0].access: 'raed' is not one of" in ran.err
    assert "Pulumi.prod.yaml: identities.ci.grants[1].bucket: 'X'" in ran.err
    nowhere = ask(root, "can", "--stack", "dev", "--identity", "ci", *GET)
    assert nowhere.code == 2
    assert "the stacks there: prod" in nowhere.err


def test_a_stack_in_another_partition_is_asked_in_its_own_arns(
    ask: Ask, project: WriteStacks
) -> None:
    root = project(prod={**GUARDED, "aws:region": "cn-north-1", "identities": IDENTITIES})
    told = json.loads(can(ask, root, "ci", *PUT, "--json").out)
    assert told["allowed"]
    assert told["policy"]["text"]["Resource"] == "arn:aws-cn:s3:::acme-site/public/*"
