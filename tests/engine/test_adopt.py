"""`adopt` on the real engine: what exists is imported, and the next `up` replaces nothing."""

import json
from collections.abc import Mapping
from typing import Any

from components.iam.difference import difference
from components.iam.rules import rules
from rollout.adopting.grants import is_met
from rollout.deployed.model import DeployedRole, DeployedUser
from rollout.deployed.read import read_role, read_user
from tests.engine.harness import CliRun, Project, Stack
from tests.engine.rollouts import Rollout, until

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
    boundary = iam.create_policy(PolicyName="most", PolicyDocument=text(everything))["Policy"][
        "Arn"
    ]
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


def make_bucket(stack: Stack, bucket: str) -> None:
    place: Any = {"LocationConstraint": stack.region}
    stack.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)


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


def order(up: CliRun) -> list[str]:
    return [step["op"] for step in up.steps if step["op"] in {"create", "delete"}]


def test_what_is_adopted_stays_as_it_is_and_up_replaces_nothing(
    checkout: Project, bucket: str
) -> None:
    stack = checkout.stack({"identities": {}})
    make_bucket(stack, bucket)
    kinds = by_hand(stack, bucket)
    before, file = read(stack, kinds), stack.file.read_text()
    rollout = Rollout(checkout)
    adopt = ("adopt", *kinds, "--stack", stack.name)
    for args, code in (("--dry-run",), 0), ((), 1):
        rollout.run(*adopt, *args, code=code)
        assert (stack.file.read_text(), rollout.state_file(stack.name).exists()) == (file, False)

    told = json.loads(rollout.run(*adopt, "--yes", "--json").stdout)
    assert [one["name"] for one in told["identities"]] == list(kinds)
    assert read(stack, kinds) == before
    assert '"protect": true' not in rollout.state_file(stack.name).read_text()

    up = stack.up()
    assert up.changed.keys() == {"create", "update", "delete"}
    assert up.changed["update"] == ["deploy-role"]  # its description, and `user/*` is anchored
    assert order(up) == sorted(order(up))  # nothing is deleted before all is created
    after = read(stack, kinds)
    for name, one in after.items():
        assert not difference(access(before[name]), access(one)), name
        assert (one.arn, one.attached, [*one.inline]) == (before[name].arn, {}, ["s3-access"])
    keys, tags = after["keys"], after["split"].tags
    assert isinstance(keys, DeployedUser)
    assert (keys.keys, tags) == (before["keys"].keys, {"team": "web"})  # type: ignore[union-attr]

    stack.file.write_text(stack.file.read_text().replace("    keys:\n", LABELLED))
    refused = rollout.run("preview", stack.name, code=1)
    assert "identities.keys.accessKeys: 2026-11 would be new" in refused.stdout
    assert all(key.id in refused.stdout for key in keys.keys)


LABELLED = '    keys:\n      accessKeys: ["2026-11"]\n'


def test_a_new_policy_that_fails_leaves_the_old_ones_in_place(
    checkout: Project, bucket: str
) -> None:
    stack = checkout.stack({"identities": {}})
    make_bucket(stack, bucket)
    by_hand(stack, bucket)
    Rollout(checkout).run("adopt", "console", "managed", "--stack", stack.name, "--yes")
    much = text(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/{'x' * 1_700}/*"))
    for name in ("console", "managed"):
        stack.iam.put_user_policy(UserName=name, PolicyName="much", PolicyDocument=much)
    assert "delete" not in stack.up(ok=False).changed
    assert "ci" in stack.iam.list_user_policies(UserName="console")["PolicyNames"]
    assert stack.iam.list_attached_user_policies(UserName="managed")["AttachedPolicies"]


def test_refused_names_leave_everything_as_it_was(checkout: Project, bucket: str) -> None:
    stack = checkout.stack({"identities": {}})
    by_hand(stack, bucket)
    stack.iam.create_role(RoleName="console", AssumeRolePolicyDocument=trust(stack.account))
    stack.iam.create_user(UserName="human")
    stack.iam.create_login_profile(UserName="human", Password="correct-horse-1")
    stack.iam.create_group(GroupName="people")
    stack.iam.add_user_to_group(UserName="human", GroupName="people")
    looks = text(allow(["s3:Get*", "s3:List*"], "*"))  # as AWS's AmazonS3ReadOnlyAccess
    arn = stack.iam.create_policy(PolicyName="look", PolicyDocument=looks)["Policy"]["Arn"]
    stack.iam.attach_user_policy(UserName="human", PolicyArn=arn)
    file, rollout = stack.file.read_text(), Rollout(checkout)
    names = ("console", "human", "nobody", "split")
    ran = rollout.run("adopt", *names, "--stack", stack.name, "--yes", code=1)
    for words in (
        "--kind says which one",
        "the group people",
        "a console password",
        "policy/look, statement 1: 's3:Get*' is a wildcard",
        "has no user or role of this name",
        "user split could be adopted",
    ):
        assert words in ran.stdout
    # Its bucket is not there: the program fails in the preview.
    ran = rollout.run(
        *("adopt", "console", "--kind", "user", "--stack", stack.name, "--yes"), code=1
    )
    assert f"error: {stack.file.name}: identities.console.grants[0].bucket: '" in ran.stderr
    assert f"'{bucket}' does not exist" in ran.stderr
    assert (stack.file.read_text(), rollout.state_file(stack.name).exists()) == (file, False)


def test_adopt_goes_on_where_it_was_cut_short(checkout: Project, bucket: str) -> None:
    stack = checkout.stack(account="123456789012", name="fresh")  # of the default credentials
    make_bucket(stack, bucket)
    stack.file.unlink()
    users = [f"{bucket}-{number}" for number in range(2)]
    for name in users:
        stack.iam.create_user(UserName=name)
        everything = text(allow("s3:*", f"arn:aws:s3:::{bucket}/*"))
        stack.iam.put_user_policy(UserName=name, PolicyName="ci", PolicyDocument=everything)
    rollout = Rollout(checkout)
    adopt = ("adopt", *users, "--stack", "fresh", "--yes")
    with rollout.started(*adopt, AWS_REGION="eu-west-1"):
        until(lambda: rollout.noted("started"), "the import begins", every=0.002)
    assert stack.file.exists()
    rollout.run(*adopt)
    everything_there = stack.resources().keys()
    assert {f"{users[0]}-user", f"{users[1]}-adopted-ci"} <= everything_there
    # As if it had been killed between two imports.
    for name in (f"{users[0]}-adopted-ci", f"{users[1]}-user"):
        urn = stack.resources()[name]["urn"]
        stack.pulumi("state", "delete", urn, "--stack", "fresh", "--yes")
    rollout.run(*adopt)
    assert stack.resources().keys() == everything_there
    assert stack.up().changed.keys() == {"create", "delete"}
    assert rollout.run(*adopt).code == 0
