"""What was changed by hand: seen, said, undone, and taken away where the stack is exclusive."""

import json
from pathlib import Path
from typing import Any, Final

from tests.engine.harness import Project, Stack
from tests.engine.rollouts import Rollout
from tests.engine.test_access_preview import told
from tests.unit.settings.configs import ORGANIZATION, PROJECT

VERDICTS: Final = ("BREAKS", "WIDER", "NARROWER")


def document(action: str = "*", resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def config(bucket: str, **more: Any) -> dict[str, Any]:
    grants = [{"bucket": bucket, "access": ["read"]}]
    trust = {"organization": ORGANIZATION, "projects": [PROJECT]}
    identity = {"kind": "user", "grants": grants}
    return {
        "oidcProvider": "create",
        "identities": {
            "added": identity,
            "calm": identity,
            "edited": identity,
            "gone": identity,
            "keyed": {**identity, "accessKeys": ["a", "b"]},
            "person": identity,
            "role": {"kind": "role", "trust": trust, "grants": grants},
        },
        **more,
    }


def by_hand(stack: Stack) -> str:
    """Do all that somebody may do in the console; return the id of a key that was made."""
    iam, boundary = stack.iam, document("s3:*")
    iam.put_user_policy(UserName="added", PolicyName="P", PolicyDocument=document())
    admin = iam.create_policy(PolicyName="admin", PolicyDocument=document())["Policy"]["Arn"]
    iam.attach_user_policy(UserName="added", PolicyArn=admin)
    iam.tag_user(UserName="added", Tags=[{"Key": "team", "Value": "x"}])
    iam.put_user_policy(
        UserName="edited", PolicyName="s3-access", PolicyDocument=document("s3:PutObject")
    )
    iam.delete_user_policy(UserName="gone", PolicyName="s3-access")
    iam.delete_user(UserName="gone")
    keys = {
        one["AccessKeyId"]: one
        for one in iam.list_access_keys(UserName="keyed")["AccessKeyMetadata"]
    }
    state = stack.resources()
    assert {state[f"keyed-key-{label}"]["id"] for label in "ab"} == keys.keys()
    iam.delete_access_key(UserName="keyed", AccessKeyId=state["keyed-key-a"]["id"])
    iam.update_access_key(
        UserName="keyed", AccessKeyId=state["keyed-key-b"]["id"], Status="Inactive"
    )
    made = iam.create_access_key(UserName="keyed")["AccessKey"]["AccessKeyId"]
    iam.create_group(GroupName="admins")
    iam.add_user_to_group(GroupName="admins", UserName="person")
    iam.create_login_profile(UserName="person", Password="by-hand-1!")
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=boundary)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="role", PermissionsBoundary=arn)
    iam.update_role(RoleName="role", MaxSessionDuration=43_200)
    trust: Any = iam.get_role(RoleName="role")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"].append(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": stack.account}}
    )
    iam.update_assume_role_policy(RoleName="role", PolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="role", PolicyName="P", PolicyDocument=document("s3:ListBucket"))
    return made


def sentences(account: str, bucket: str, key: str) -> list[str]:
    """What drift says of `by_hand`, in the order of the identities."""
    iam = f"arn:aws:iam::{account}"
    tested = "policies that test aws:PrincipalTag may allow more"
    return [
        f"added gains every action on everything, before only s3:GetObject on {bucket}/* (WIDER)",
        f"added tags: team is 'x', before unset: {tested} (WIDER)",
        "added policy 'P' was added by hand",
        f"added policy '{iam}:policy/admin' was added by hand",
        "edited loses all the access that it had (BREAKS)",
        "edited gains s3:PutObject on everything (WIDER)",
        f"edited loses s3:GetObject on {bucket}/* (NARROWER)",
        "edited policy 's3-access' was changed by hand",
        "gone was deleted by hand (BREAKS)",
        f"gone loses s3:GetObject on {bucket}/* (NARROWER)",
        "keyed access key a was deleted by hand (BREAKS)",
        "keyed access key b was made inactive by hand (BREAKS)",
        f"keyed has access key {key}, which was made by hand (WIDER)",
        "person was put by hand into the group 'admins', whose policies count for it too (WIDER)",
        "person was given a console password by hand (WIDER)",
        "role gains s3:ListBucket on everything (WIDER)",
        f"role trust: also sts:AssumeRole by AWS {account} (WIDER)",
        "role may be assumed for 43,200 seconds at a time, before 3,600 (WIDER)",
        f"role is bounded by {iam}:policy/limit (NARROWER)",
        "role policy 'P' was added by hand",
    ]


def test_drift_says_all_that_was_changed_by_hand_and_up_repairs_what_the_program_makes(
    checkout: Project, bucket: str, tmp_path: Path
) -> None:
    stack = checkout.stack(config(bucket))
    stack.up()
    rollout, comment = Rollout(checkout), tmp_path / "comment.md"
    calm = rollout.run("drift", "--exit-code", "--json").stacks[stack.name]
    assert calm["access"]["identities"] == []

    key = by_hand(stack)
    ran = rollout.run("drift", "--exit-code", "--json", "--markdown", str(comment), code=2)
    access = ran.stacks[stack.name]["access"]
    expected = sentences(stack.account, bucket, key)
    assert told(access) == expected
    counts = [access[verdict] for verdict in ("breaks", "wider", "narrower")]
    assert counts == [sum(f"({word})" in one for one in expected) for word in VERDICTS]
    assert access["identities"][3]["accessKeys"]["removed"] == ["a"]
    text = comment.read_text()
    for one in expected:
        assert one in ran.stderr
        assert f"`{one.partition(' (')[0]}`" in text
    assert text.startswith("<!-- circleci-s3-access: drift -->\n### Drift of 1 stack, ")

    stack.iam.delete_access_key(UserName="keyed", AccessKeyId=key)  # two are the most
    before = rollout.run("preview", "--refresh", "--json").stacks[stack.name]
    assert "edited gains s3:GetObject on" in "\n".join(told(before["access"]))
    rollout.run("up", "--refresh", "--yes")
    left = rollout.run("drift", "--json").stacks[stack.name]
    assert left["changes"] == {}
    beside = ("'P'", "/admin'", "group", "password", "every action", "ListBucket")
    assert told(left["access"]) == [
        one for one in expected if any(words in one for words in beside)
    ]
    assert len(stack.iam.list_access_keys(UserName="keyed")["AccessKeyMetadata"]) == 2


def test_an_exclusive_stack_takes_away_what_was_added(
    checkout: Project, bucket: str, tmp_path: Path
) -> None:
    loose = config(bucket)
    stack = checkout.stack(loose)
    stack.up()
    iam, rollout = stack.iam, Rollout(checkout)
    admin = iam.create_policy(PolicyName="admin", PolicyDocument=document())["Policy"]["Arn"]

    def add() -> None:
        for kind, name in (("user", "added"), ("role", "role")):
            who = {f"{kind.capitalize()}Name": name}
            getattr(iam, f"attach_{kind}_policy")(**who, PolicyArn=admin)
            put = getattr(iam, f"put_{kind}_policy")
            put(**who, PolicyName="P", PolicyDocument=document("s3:PutObject", "arn:aws:s3:::x/*"))

    def has() -> list[Any]:
        return [
            iam.list_user_policies(UserName="added")["PolicyNames"],
            iam.list_attached_user_policies(UserName="added")["AttachedPolicies"],
            iam.list_role_policies(RoleName="role")["PolicyNames"],
            iam.list_attached_role_policies(RoleName="role")["AttachedPolicies"],
        ]

    add()
    stack.write({**loose, "exclusive": True})
    source = f"(added by hand: policies 'P', '{admin}')"
    loses = (
        f"loses every action on everything, keeps s3:GetObject on {bucket}/* {source} (NARROWER)"
    )
    expected = [f"added {loses}", f"role {loses}"]
    plans = str(tmp_path / "plans")
    first = rollout.run("preview", "--json", "--save", plans).stacks[stack.name]
    assert told(first["access"]) == expected
    assert first["changes"] == {"create": 14, "update": 7}
    rollout.run("up", "--yes", "--plan", plans)
    assert has() == [["s3-access"], [], ["s3-access"], []]
    calm = rollout.run("preview", "--json").stacks[stack.name]
    assert (calm["changes"], calm["access"]["identities"]) == ({}, [])

    add()
    again = rollout.run("preview", "--json", "--save", plans).stacks[stack.name]
    assert (told(again["access"]), again["changes"]) == (expected, {"update": 4})
    rollout.run("up", "--yes", "--plan", plans)
    assert has() == [["s3-access"], [], ["s3-access"], []]

    add()
    rollout.run("up", "--yes")
    assert has() == [["s3-access"], [], ["s3-access"], []]
    assert rollout.run("drift", "--json", "--exit-code").stacks[stack.name]["changes"] == {}

    add()
    some = {name: one for name, one in loose["identities"].items() if name != "added"}
    stack.write({**loose, "identities": some, "exclusive": True})
    rollout.run("up", "--yes")
    assert "added" not in {user["UserName"] for user in iam.list_users()["Users"]}
    iam.put_user_policy(UserName="edited", PolicyName="P", PolicyDocument=document())
    rollout.run("destroy", "--yes", "--exclude-protected")
    assert iam.list_users()["Users"] == []
    assert iam.list_roles()["Roles"] == []
