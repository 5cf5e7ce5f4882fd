"""docs/audit.md: its example, its table, its JSON, and the policy that the command needs."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import boto3
import parliament
import pytest
from moto import mock_aws

from components.iam.decide import Request, decide
from rollout.auditing import commands
from rollout.auditing.risks import Weakness
from rollout.deployed.read import read_account
from tests.unit.pages import blocks, page
from tests.unit.rollout.access_page import Example, examples
from tests.unit.rollout.command_line import Ask, asking
from tests.unit.rollout.conftest import WriteStacks

PAGE: Final = page("docs/audit.md")
TRUST, POLICY, SHOWN, NEEDED = map(json.loads, blocks(PAGE, "json"))
ORG: Final = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Ask]:
    """Runs the command on the page's account, in moto."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(commands, "NOW", lambda: datetime(2026, 11, 25, tzinfo=UTC))
    with mock_aws():
        iam = boto3.client("iam", region_name="eu-west-1")
        iam.create_open_id_connect_provider(
            Url=f"https://oidc.circleci.com/org/{ORG}", ClientIDList=[ORG]
        )
        iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_user(UserName="artifacts")
        iam.put_user_policy(
            UserName="artifacts", PolicyName="s3", PolicyDocument=json.dumps(POLICY)
        )
        for _ in range(2):
            iam.create_access_key(UserName="artifacts")
        yield asking(monkeypatch, capsys)


def example() -> Example:
    (only,) = examples(PAGE)
    return only


def test_the_page_shows_what_the_command_prints(run: Ask, tmp_path: Path) -> None:
    ran = run(tmp_path, *example().arguments)
    assert ran.err == ""
    assert example().shown(ran.out, ran.code) == example().output


def test_can_says_the_same_of_the_job_and_of_what_the_file_would_say(
    run: Ask, tmp_path: Path, project: WriteStacks
) -> None:
    (account,) = json.loads(run(tmp_path, "audit", "--json").out)["accounts"]
    worst = account["risks"][0]
    grants = [{"bucket": "acme", "access": ["read"]}]
    instead = {**worst["instead"], "grants": grants}
    instead["trust"]["origins"] = ["github.com/example/app"]
    branch = worst["entry"]["sub"]
    main = branch.replace("branch-x/vcs-ref/refs/heads/", "")
    root = project(prod={"identities": {"deploy": instead}})
    question = ("can", "s3:GetObject", "s3://acme/x", "--stack", "prod", "--identity", "deploy")
    for subject, allowed in ((branch, False), (main, True)):
        told = json.loads(run(root, *question, "--sub", subject, "--json").out)
        assert told["job"]["allowed"] is allowed


def test_the_page_shows_the_json_of_a_finding(run: Ask, tmp_path: Path) -> None:
    ran = run(tmp_path, "audit", "--json")
    printed = json.loads(ran.out)
    printed["accounts"][0]["risks"] = printed["accounts"][0]["risks"][-1:]
    assert printed == {**SHOWN, "notes": printed["notes"]}


def test_the_table_has_every_finding_in_order() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \|", PAGE, re.MULTILINE)
    assert rows == [(one.value, one.level.value) for one in Weakness]


@pytest.mark.usefixtures("run")
def test_the_policy_allows_the_calls_and_no_others() -> None:
    called: set[str] = set()

    def note(model: Any, **_: object) -> None:
        called.add(f"iam:{model.name}")

    iam = boto3.client("iam", region_name="eu-west-1")
    iam.meta.events.register("before-call.iam", note)
    read_account(iam, boto3.client("sts", region_name="eu-west-1"))
    allowed: set[str] = set()
    for statement in NEEDED["Statement"]:
        one = statement["Action"]
        allowed |= {one} if isinstance(one, str) else set(one)
    assert called == allowed
    home = "arn:aws:iam::111111111111"
    for action in called:
        kind = "oidc-provider/x" if "GetOpenID" in action else "user/ci"
        resource = "*" if "List" in action and "Keys" not in action else f"{home}:{kind}"
        assert decide({"audit": NEEDED}, Request(action, resource)).allowed
    assert not parliament.analyze_policy_string(json.dumps(NEEDED)).findings
