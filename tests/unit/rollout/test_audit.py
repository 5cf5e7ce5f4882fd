"""What an audit finds in keys and grants, and how a whole account is told."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from moto import mock_aws
from rich.console import Console

from components.iam.decide import Request, decide
from components.settings import load
from rollout.auditing import commands, report
from rollout.auditing.audit import Audited, audit
from rollout.auditing.grants import grant_risks
from rollout.auditing.instead import BUCKET
from rollout.auditing.keys import key_risks
from rollout.auditing.risks import Risk, Weakness
from rollout.deployed.model import (
    DeployedAccount,
    DeployedGroup,
    DeployedKey,
    DeployedUser,
    LastUse,
)
from tests.unit.policy.trusts import MAIN
from tests.unit.rollout.command_line import Ask, asking
from tests.unit.rollout.test_audit_trust import JOB, account, like, role

NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
LONGEST: Final = timedelta(days=90)
W: Final = Weakness


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def key(made: float, used: float | None = None, *, active: bool = True) -> DeployedKey:
    last = None if used is None else LastUse(ago(used), "eu-west-1", "s3")
    return DeployedKey(f"AKIAMADEUP{made:.0f}", active, ago(made), last)


def user(*keys: DeployedKey, **more: Any) -> DeployedUser:
    return DeployedUser(name="ci", arn="arn:aws:iam::111111111111:user/ci", keys=keys, **more)


@pytest.mark.parametrize(
    ("keys", "weaknesses"),
    [
        ([], []),
        ([key(90, 90)], []),
        ([key(90.1, 0)], [W.OLD_KEY]),
        ([key(200, 90.1)], [W.UNUSED_KEY]),
        ([key(90.1)], [W.UNUSED_KEY]),
        ([key(89)], []),
        ([key(400, active=False)], []),
        ([key(1), key(2, active=False)], []),
        ([key(1), key(100, 1)], [W.OLD_KEY, W.TWO_KEYS]),
    ],
)
def test_keys_are_judged_by_their_age_and_last_use(
    keys: list[DeployedKey], weaknesses: list[Weakness]
) -> None:
    told = list(key_risks(user(*keys), NOW, LONGEST))
    assert [one.weakness for one in told] == weaknesses
    for one in told:
        assert one.instead == {"kind": "user", "accessKeys": ["2026-11"]}


def allow(action: object, resource: object = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


S3: Final = "arn:aws:s3:::"
OURS: Final = [f"{S3}acme", f"{S3}acme/*"]
TLS: Final = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
GRANTS: Final[list[tuple[list[dict[str, Any]], list[Weakness], str]]] = [
    ([allow("s3:*")], [W.EVERY_BUCKET], "may do s3:* on every bucket"),
    ([allow("*")], [W.EVERY_BUCKET], "may do * on every bucket"),
    ([allow("s3:*", f"{S3}*")], [W.EVERY_BUCKET], "s3:*"),
    ([allow("S3:getobject", f"{S3}*/*")], [W.EVERY_BUCKET], "S3:getobject"),
    ([allow(["s3:Get*", "s3:List*"])], [W.EVERY_BUCKET], "s3:Get*, s3:List*"),
    ([allow("s3:GetObject", f"{S3}a-*")], [], ""),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], [W.EVERY_BUCKET], "all but"),
    (
        [{"Effect": "Allow", "Action": "s3:*", "NotResource": OURS}],
        [W.EVERY_BUCKET],
        "may do s3:* on every bucket",
    ),
    ([allow("s3:ListAllMyBuckets"), allow("iam:*")], [], ""),
    ([allow("s3:*", OURS)], [W.EVERY_ACTION], "may do every S3 action on acme, acme/*"),
    ([allow("*", OURS[1])], [W.EVERY_ACTION], "on acme/*"),
    ([allow("s3:GetObject", OURS)], [], ""),
    (
        [allow("s3:*"), {"Effect": "Deny", "Action": "s3:*", "NotResource": OURS}],
        [],
        "",
    ),
    ([allow("s3:*"), {**allow("s3:*"), "Effect": "Deny", **TLS}], [W.EVERY_BUCKET], "s3:*"),
    (
        [allow("s3:*", Condition={"StringEquals": {"s3:ResourceAccount": "1"}})],
        [W.NOT_JUDGED],
        "unless this forbids it: s3:ResourceAccount is 1",
    ),
    (
        [
            allow("s3:*"),
            {
                **allow("s3:*", Condition={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
                "Effect": "Deny",
            },
        ],
        [W.NOT_JUDGED],
        "unless this forbids it: aws:SourceIp is not in 192.0.2.0/24",
    ),
    ([allow("s3:*", Condition={"BinaryEquals": {"x": "y"}})], [W.NOT_JUDGED], "BinaryEquals"),
    ([{**allow("s3:*"), "Principal": "*"}], [W.NOT_JUDGED], "Principal is not supported"),
]


@pytest.mark.parametrize(("statements", "weaknesses", "words"), GRANTS)
def test_grants_are_judged_by_what_they_allow(
    statements: list[dict[str, Any]], weaknesses: list[Weakness], words: str
) -> None:
    policy = {"Version": "2012-10-17", "Statement": statements}
    told = list(grant_risks(account(), user(inline={"s3": policy})))
    assert [one.weakness for one in told] == weaknesses
    for one in told:
        assert words in one.text
        if one.weakness is W.EVERY_BUCKET:
            assert one.entry is not None
            request = Request(one.entry["action"], one.entry["resource"])
            assert decide({"s3": policy}, request).allowed
        if one.instead is not None:
            text = json.dumps(one.instead).replace(BUCKET, "acme")
            assert load("t", {"identities": {"ci": json.loads(text)}}).identities


def test_groups_and_attached_policies_count_and_a_boundary_makes_it_unknown() -> None:
    policy = {"Version": "2012-10-17", "Statement": allow("s3:*")}
    group = DeployedGroup(name="all", arn="", attached={"arn:aws:iam::aws:policy/S3": policy})
    whole = DeployedAccount("111111111111", "aws", groups={"all": group})
    member = user(groups=("all",), boundary="arn:aws:iam::111111111111:policy/most")
    (told,) = grant_risks(whole, user(groups=("all",)))
    assert told.weakness is W.EVERY_BUCKET
    (told,) = grant_risks(whole, member)
    assert told.weakness is W.NOT_JUDGED
    assert told.text.endswith(f"its permissions boundary {member.boundary}")
    (told,) = grant_risks(whole, user(attached={"arn:aws:iam::aws:policy/x": None}))
    assert told.text == "AWS did not tell its policy arn:aws:iam::aws:policy/x"


def whole_account() -> tuple[Risk, ...]:
    policy = {"Version": "2012-10-17", "Statement": allow("s3:*")}
    deploy = role(like(f"{JOB}/*/vcs-origin/*/vcs-ref/{MAIN}"))
    users = (user(key(200), key(1), inline={"s3": policy}),)
    there = account("sts.amazonaws.com")
    return audit(
        DeployedAccount(there.id, "aws", users, (deploy,), providers=there.providers), NOW, LONGEST
    )


def test_the_worst_comes_first() -> None:
    order = [one.weakness for one in whole_account()]
    assert order == sorted(order, key=list(Weakness).index)
    assert order == [
        *(W.CRAFTED_BRANCH, W.EVERY_BUCKET, W.UNUSED_KEY),
        *(W.PROVIDER_AUDIENCES, W.PROVIDER_AUDIENCES, W.TWO_KEYS),
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_gets_no_line_that_is_too_long(width: int) -> None:
    console = Console(width=width, force_terminal=True, color_system=None)
    with console.capture() as captured:
        report.show(console, [Audited("prod", "111111111111", whole_account())])
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    assert "1 high, 2 medium, 3 low" in " ".join(map(str.strip, lines))


def test_what_the_file_would_say_is_one_identity() -> None:
    console = Console(width=1000, force_terminal=False)
    with console.capture() as captured:
        report.show(console, [Audited("prod", "111111111111", whole_account())])
    _, _, shown = captured.get().partition("user ci")
    _, _, shown = shown.partition("file would say:\n")
    text = shown.partition("\n\n")[0]
    assert yaml.safe_load(text)["ci"] == {
        "kind": "user",
        "grants": [{"bucket": BUCKET, "access": ["list", "read", "write", "delete"]}],
        "accessKeys": ["2026-11"],
    }


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Ask]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    keys = "region = eu-west-1\naws_access_key_id = x\naws_secret_access_key = x\n"
    config.write_text("".join(f"[profile {name}]\n{keys}" for name in ("a", "b")))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setattr(commands, "NOW", lambda: NOW)
    with mock_aws():
        yield asking(monkeypatch, capsys)


def make_user(*statements: Mapping[str, Any]) -> None:
    iam = boto3.client("iam", region_name="eu-west-1")
    iam.create_user(UserName="ci")
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="ci", PolicyName="s3", PolicyDocument=policy)


def test_findings_are_the_exit_code_if_that_is_asked(run: Ask, tmp_path: Path) -> None:
    assert run(tmp_path, "audit").out.startswith(
        "account 123456789012 (default credentials): nothing found\n"
    )
    assert run(tmp_path, "audit", "--exit-code").code == 0
    make_user(allow("s3:*"))
    assert run(tmp_path, "audit").code == 0
    assert run(tmp_path, "audit", "--exit-code").code == 1
    told = run(tmp_path, "audit", "--json", "--redact")
    (one,) = json.loads(told.out)["accounts"]
    assert (one["account"], one["profile"], one["error"]) == ("xxxxxxxxxxx1", None, None)
    (risk,) = one["risks"]
    assert (risk["weakness"], risk["level"]) == ("every-bucket", "medium")
    assert "123456789012" not in told.out
    assert run(tmp_path, "audit", "--max-age", "0").code == 2


def test_an_account_that_fails_does_not_stop_the_others(
    run: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListRoles")

    def fail(**_: object) -> None:
        raise denied

    def session(profile_name: str) -> boto3.Session:
        made = boto3.Session(profile_name=profile_name)
        if profile_name == "a":
            made.events.register("before-call.iam.ListRoles", fail)
        return made

    monkeypatch.setattr("rollout.auditing.accounts.boto3", SimpleNamespace(Session=session))
    told = run(tmp_path, "audit", "--profile", "a", "--profile", "b", "--profile", "c")
    assert told.code == 2
    assert "account 123456789012 (profile b): nothing found" in told.out
    first, second = told.err.splitlines()
    assert first.startswith("error: profile a: iam:ListRoles is denied; allow it to these")
    assert second == "error: profile c: The config profile (c) could not be found"
    assert run(tmp_path, "audit", "--profile", "c").out == "", "of nothing read nothing is said"
