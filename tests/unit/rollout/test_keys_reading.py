"""What is read of users' keys: labels from the state, the rest from AWS and CircleCI."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from rollout.deployed.model import DeployedRole, LastUse
from rollout.errors import RolloutError
from rollout.keys import reading
from rollout.keys.steps import Step
from tests.unit.rollout.command_line import Ask, asking
from tests.unit.rollout.conftest import WriteStacks
from tests.unit.rollout.fake_circleci import FakeCircleCi, serving

ORGANIZATION: Final = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
GRANTS: Final = [{"bucket": "acme", "access": ["read"]}]
URN: Final = "urn:pulumi:dev::circleci-s3-access::"
USER: Final = f"{URN}circleci-s3-access:index:User::ci"
MODIFIED: Final = "2026-11-25T10:00:00.5Z"


@pytest.fixture
def server() -> Iterator[FakeCircleCi]:
    with serving() as fake:
        fake.organizations.add(ORGANIZATION)
        yield fake


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: FakeCircleCi
) -> Iterator[Ask]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("iam", region_name="eu-west-1").create_user(UserName="ci")
        yield asking(monkeypatch, capsys)


def make_key() -> str:
    iam = boto3.client("iam", region_name="eu-west-1")
    id_: str = iam.create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"]
    return id_


def config(server: FakeCircleCi, **more: Any) -> dict[str, Any]:
    context = server.context("deploy", ORGANIZATION)
    ci = {
        "kind": "user",
        "grants": GRANTS,
        "accessKeys": ["a"],
        "deliver": [{"circleciContext": context}, {"ssmParameter": "/x"}],
    }
    return {
        "aws:region": "eu-west-1",
        "aws:allowedAccountIds": ["123456789012"],
        "circleci-s3-access:identities": {"ci": {**ci}, **more},
    }


def state_of(id_: str) -> str:
    def resource(type_: str, name: str, **more: Any) -> dict[str, Any]:
        return {"urn": f"{URN}{type_}::{name}", "type": type_, "parent": USER, **more}

    resources = [
        resource(
            "pulumi:pulumi:Stack", "dev", outputs={"identities": {"ci": {"accessKeyId": id_}}}
        ),
        resource("aws:iam/accessKey:AccessKey", "ci-key-a", id=id_, modified=MODIFIED),
        resource("aws:iam/accessKey:AccessKey", "ci-key-old", id="AKIAOLD", delete=True),
        resource("aws:ssm/parameter:Parameter", "ci-parameter-/x", id="/x", modified=MODIFIED),
    ]
    return json.dumps({"deployment": {"resources": resources}})


def listed(ran: Any) -> dict[str, Any]:
    (user,) = json.loads(ran.out)["users"]
    return user  # type: ignore[no-any-return]


def test_labels_and_places_are_those_of_the_state(
    ask: Ask, project: WriteStacks, server: FakeCircleCi, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(dev=config(server))
    id_, stray = make_key(), make_key()
    monkeypatch.setattr(reading, "cli", lambda *_: state_of(id_))
    user = listed(ask(root, "keys", "list", "--json"))
    assert {(one["id"], one["label"], one["current"]) for one in user["keys"]} == {
        (f"…{id_[-4:]}", "a", True),
        (f"…{stray[-4:]}", None, False),
    }
    context, parameter = user["deliveries"]
    assert (context["at"], context["unknown"]) == (None, None)
    assert parameter["at"] == "2026-11-25T10:00:00.500000+00:00"
    monkeypatch.delenv("CIRCLECI_TOKEN")
    user = listed(ask(root, "keys", "list", "--json"))
    assert "set CIRCLECI_TOKEN" in user["deliveries"][0]["unknown"]
    ran = ask(root, "keys", "list", "--json", "--redact")
    assert "123456789012" not in ran.out


def test_a_stack_that_was_never_deployed_and_one_that_can_not_be_read(
    ask: Ask, project: WriteStacks, server: FakeCircleCi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_stack(*_: object) -> str:
        raise RolloutError("pulumi stack export: error: no stack named 'dev' found")

    monkeypatch.setattr(reading, "cli", no_stack)
    wrong = {**config(server), "aws:allowedAccountIds": ["222222222222"]}
    ran = ask(project(dev=config(server), wrong=wrong), "keys", "list", "--json")
    assert ran.code == 2
    assert listed(ran)["due"]["step"] == Step.ASK.value
    (error,) = json.loads(ran.out)["errors"]
    assert error.startswith("wrong: the credentials are of account 123456789012")
    assert f"error: {error}" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("access", "used", "told"),
    [
        (["read", "write"], True, "role deploy, last used on 2026-11-25"),
        (["read"], True, "role deploy, last used on 2026-11-25"),
        (["write"], True, None),
        (["read"], False, None),
    ],
)
def test_a_role_that_is_used_and_may_do_the_same_is_named_beside_keys(
    access: list[str],
    used: bool,  # noqa: FBT001
    told: str | None,
    ask: Ask,
    project: WriteStacks,
    server: FakeCircleCi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust = {"organization": ORGANIZATION, "projects": [ORGANIZATION]}
    role = {"kind": "role", "trust": trust, "grants": [{"bucket": "acme", "access": access}]}
    root = project(dev=config(server, deploy=role))
    id_ = make_key()
    at = LastUse(datetime(2026, 11, 25, tzinfo=UTC), "eu-west-1")
    deployed = DeployedRole(
        name="deploy",
        arn="arn:aws:iam::123456789012:role/deploy",
        trust={"Version": "2012-10-17", "Statement": []},
        last_use=at if used else None,
    )
    monkeypatch.setattr(reading, "cli", lambda *_: state_of(id_))
    monkeypatch.setattr(reading, "read_role", lambda *_: deployed)
    assert listed(ask(root, "keys", "list", "--json"))["instead"] == told
    shown = ask(root, "keys", "list").out
    assert ("remove the keys, also from every context" in shown) is (told is not None)
