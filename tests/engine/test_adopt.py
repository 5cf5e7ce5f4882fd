"""`adopt` on the real engine: what exists is imported, and the next `up` replaces nothing."""

import json
from collections.abc import Mapping
from typing import Any

from components.iam.difference import difference
from components.iam.rules import rules
from rollout.adopting.grants import is_met
from rollout.deployed.model import DeployedRole, DeployedUser
from rollout.deployed.read import read_role, read_user
from tests.engine.harness import Project, Stack
from tests.engine.rollouts import Rollout

ORGANIZATION = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"
ISSUER = f"oidc.circleci.com/org/{ORGANIZATION}"


def allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def text(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(account: str) -> str:
    """As CircleCI's page has it."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{ISSUER}"},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {f"{ISSUER}:aud": ORGANIZATION},
                        "StringLike": {
                            f"{ISSUER}:sub": f"org/{ORGANIZATION}/project/{PROJECT}/user/*"
                        },
                    },
                }
            ],
        }
    )


def by_hand(stack: Stack, bucket: str) -> dict[str, str]:
    """Make identities as people do; return their kinds by name."""
    iam, b = stack.iam, f"arn:aws:s3:::{bucket}"
    everything = allow("s3:*", f"{b}/*", Sid="VisualEditor1")
    iam.create_user(UserName="console")
    iam.put_user_policy(UserName="console", PolicyName="ci", PolicyDocument=text(everything))
    iam.create_user(UserName="split", Path="/ci/", Tags=[{"Key": "team", "Value": "web"}])
    for name, one in (
        ("look", allow(["s3:ListBucket", "s3:GetBucketLocation"], [b, f"{b}/*"])),
        ("get", allow("s3:GetObject", f"{b}/*")),
    ):
        iam.put_user_policy(UserName="split", PolicyName=name, PolicyDocument=text(one))
    boundary = iam.create_policy(PolicyName="most", PolicyDocument=text(everything))["Policy"]["Arn"]
    iam.create_user(UserName="keys", PermissionsBoundary=boundary)
    iam.put_user_policy(UserName="keys", PolicyName="s3-access", PolicyDocument=text(everything))
    for _ in range(2):
        iam.create_access_key(UserName="keys")
    hand = iam.create_policy(
        PolicyName="hand", PolicyDocument=text(allow("s3:PutObject", f"{b}/in/*"))
    )
    iam.create_user(UserName="managed")
    iam.attach_user_policy(UserName="managed", PolicyArn=hand["Policy"]["Arn"])
    iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=[ORGANIZATION])
    iam.create_role(
        RoleName="deploy",
        AssumeRolePolicyDocument=trust(stack.account),
        MaxSessionDuration=7200,
        Description="made by hand",
    )
    iam.put_role_policy(RoleName="deploy", PolicyName="all", PolicyDocument=text(everything))
    return {"console": "user", "split": "user", "keys": "user", "managed": "user", "deploy": "role"}


def read(stack: Stack, kinds: Mapping[str, str]) -> dict[str, DeployedUser | DeployedRole]:
    """Everything that AWS has of the identities."""
    found = {
        name: read_user(stack.iam, name) if kind == "user" else read_role(stack.iam, name)
        for name, kind in kinds.items()
    }
    return {name: one for name, one in found.items() if one is not None}


def access(one: DeployedUser | DeployedRole) -> Any:
    held = {**one.inline, **{arn: document or {} for arn, document in one.attached.items()}}
    return frozenset(filter(is_met, rules(held)))


def test_adopted_identities_are_changed_by_nobody_and_replaced_by_nothing(
    checkout: Project, bucket: str
) -> None:
    stack = checkout.stack({"identities": {}, "tags": {"by": "pulumi"}})
    stack.s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    kinds = by_hand(stack, bucket)
    before = read(stack, kinds)
    rollout = Rollout(checkout)
    file = stack.file.read_text()
    dry = rollout.run("adopt", *kinds, "--stack", stack.name, "--dry-run")
    assert stack.file.read_text() == file
    print(dry.stdout)

    ran = rollout.run("adopt", *kinds, "--stack", stack.name, "--yes")
    print(ran.stdout, ran.stderr)
    print(stack.file.read_text())
    assert read(stack, kinds) == before
    print(stack.preview().changed)
    print(rollout.run("preview", stack.name).stdout)
    up = stack.up()
    print(up.changed)
    after = read(stack, kinds)
    assert set(up.changed) == {"create", "update", "delete"}
    for name, one in after.items():
        assert not difference(access(before[name]), access(one))
        assert one.arn == before[name].arn
    assert after["keys"].keys == before["keys"].keys
    assert 0
