"""`assume` on a role that was deployed: who is let in, why not, and what a job can do then."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sandbox.accounts import NOBODY
from sandbox.cli import app
from tests.engine.harness import Project, Sandbox, Stack
from tests.engine.test_roles import MAIN, OTHER, PROJECT
from tests.unit.policy.identities import ORGANIZATION

BUCKET = "acme-assume"
CRAFTED = f"x/vcs-origin/{MAIN.origin}/vcs-ref/{MAIN.ref}"
IDENTITIES = {
    "deploy": {
        "kind": "role",
        "path": "/ci/",
        "trust": {
            "organization": ORGANIZATION,
            "projects": [PROJECT],
            "origins": [MAIN.origin],
            "refs": ["refs/tags/v*", MAIN.ref],
        },
        "grants": [{"bucket": BUCKET, "access": ["list", "read"], "prefixes": ["site/"]}],
    },
    "open": {
        "kind": "role",
        "trust": {"organization": ORGANIZATION, "projects": ["*"]},
        "grants": [{"bucket": BUCKET, "access": ["list"]}],
    },
}
Assume = Callable[..., Result]


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """One stack for all tests here, which only look at it."""
    project = Project.of_checkout(tmp_path_factory.mktemp("assume") / "project", sandbox)
    stack = project.stack({"identities": IDENTITIES, "oidcProvider": "create"})
    stack.up()
    return stack


@pytest.fixture
def assume(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> Assume:
    """Runs the command as a user would."""
    monkeypatch.chdir(deployed.project.root)
    monkeypatch.setenv("SANDBOX_DIR", str(deployed.project.sandbox.folder.root))

    def run(*args: str, identity: str = "deploy", command: str = "assume") -> Result:
        stack = ("--stack", deployed.name, "--identity", identity)
        return CliRunner().invoke(app, [command, *stack, *args])

    return run


def told(result: Result) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_by_itself_it_plays_a_job_that_is_let_in(assume: Assume, deployed: Stack) -> None:
    result = assume()
    assert result.exit_code == 0, result.output
    session = f"arn:aws:sts::{deployed.account}:assumed-role/deploy/sandbox"
    assert f"deploy of {deployed.name}: yes, it lets this job in" in result.stdout
    assert "/vcs-ref/refs/tags/v1.0.0" in result.stdout
    assert session in result.stdout
    assert f"on {BUCKET}/site/*" in result.stdout
    assert "where s3:prefix is site/*" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--ref", "refs/heads/main"],
        ["--ref", "refs/tags/v2"],
        ["--user", OTHER],
        ["--audience", ORGANIZATION],
    ],
)
def test_who_is_let_in(assume: Assume, args: list[str]) -> None:
    result = assume("--json", *args)
    answer = told(result)
    assert (result.exit_code, answer["trusted"], answer["awsError"]) == (0, True, None)
    assert all(check["passed"] for check in answer["checks"])


@pytest.mark.parametrize(
    ("args", "refused", "words"),
    [
        (["--ref", "refs/heads/other"], ["trust"], "ref is refs/heads/other; the trust allows"),
        (["--ref", "refs/tags/w1"], ["trust"], "ref is refs/tags/w1; the trust allows"),
        (["--ref", CRAFTED], ["trust"], f"ref is {CRAFTED}; the trust allows"),
        (
            ["--origin", "github.com/fork/app", "--ref", CRAFTED],
            ["trust"],
            "origin is github.com/fork/app; the trust allows github.com/acme/app",
        ),
        (["--project", OTHER], ["trust"], f"project is {OTHER}; the trust allows {PROJECT}"),
        (["--organization", OTHER], ["issuer", "trust"], "the account has no OIDC provider for"),
        (["--audience", "sts.amazonaws.com"], ["audience", "trust"], "aud is sts.amazonaws.com;"),
        (["--token-version", "v1"], ["trust"], "the token has no origin"),
        (["--webhook"], ["trust"], "the token has no ref"),
    ],
)
def test_who_is_not_let_in_and_why(
    assume: Assume, args: list[str], refused: list[str], words: str
) -> None:
    result = assume("--json", *args)
    answer = told(result)
    assert (result.exit_code, answer["trusted"], answer["session"]) == (1, False, None)
    assert [check["name"] for check in answer["checks"] if not check["passed"]] == refused
    assert words in json.dumps(answer["checks"])


@pytest.mark.parametrize("args", [["--token-version", "v1"], ["--webhook"], ["--project", OTHER]])
def test_a_role_without_refs_takes_both_versions_and_webhooks(
    assume: Assume, args: list[str]
) -> None:
    assert assume(*args, identity="open").exit_code == 0


def test_a_token_is_made_and_tried_in_two_steps(assume: Assume, tmp_path: Path) -> None:
    token = tmp_path / "job.jwt"
    assert assume("--output", str(token), command="token").exit_code == 0
    assert assume("--token", str(token)).exit_code == 0
    head, payload, signature = token.read_text().strip().split(".")
    token.write_text(f"{head}.{payload}.{signature[::-1]}")
    result = assume("--token", str(token), "--json")
    assert (result.exit_code, told(result)["awsError"]) == (1, "InvalidIdentityToken")


def test_no_secret_of_the_session_is_printed(assume: Assume, deployed: Stack) -> None:
    answer = told(assume("--json"))
    assert answer["session"].keys() == {"accessKeyId", "arn", "expires"}
    assert answer["account"] == deployed.account
    assert "FQo" not in json.dumps(answer), "what moto's session tokens begin with"


def test_the_trust_and_the_policies_are_those_of_the_account_not_of_the_config(
    assume: Assume, deployed: Stack
) -> None:
    before: Any = deployed.iam.get_role(RoleName="open")["Role"]["AssumeRolePolicyDocument"]
    closed = json.loads(json.dumps(before))
    closed["Statement"][0]["Condition"]["StringEquals"] = {"aws:PrincipalTag/x": "y"}
    managed = deployed.iam.create_policy(
        PolicyName="by-hand",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
            }
        ),
    )["Policy"]["Arn"]
    deployed.iam.attach_role_policy(RoleName="open", PolicyArn=managed)
    with_managed = told(assume("--json", identity="open"))
    deployed.iam.update_assume_role_policy(RoleName="open", PolicyDocument=json.dumps(closed))
    refused = assume(identity="open")
    deployed.iam.update_assume_role_policy(RoleName="open", PolicyDocument=json.dumps(before))
    deployed.iam.detach_role_policy(RoleName="open", PolicyArn=managed)
    assert [(one["name"], one["managed"]) for one in with_managed["policies"]] == [
        ("s3-access", False),
        ("by-hand", True),
    ]
    assert refused.exit_code == 1
    assert "aws:PrincipalTag/x is y" in refused.stdout


def test_a_role_that_is_not_deployed_is_said(assume: Assume, deployed: Stack) -> None:
    deployed.write({"identities": {**IDENTITIES, "later": IDENTITIES["open"]}})
    result = assume(identity="later")
    assert result.exit_code == 2
    assert f"{deployed.name}: there is no role later in account {deployed.account}" in result.stderr
    assert f"`python -m sandbox up --stack {deployed.name}` deploys" in result.stderr


def test_moto_itself_checks_no_token_which_is_why_the_sandbox_does(
    deployed: Stack, sandbox: Sandbox
) -> None:
    """When this fails, moto has learned to check: then the words of `assume` need a change."""
    sts = sandbox.clients.get("sts", NOBODY, deployed.region)
    answer = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{deployed.account}:role/there-is-none",
        RoleSessionName="any",
        WebIdentityToken="no token",
    )
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
