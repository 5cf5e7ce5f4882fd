"""The stand-in does what the real AWS provider does, seen through the real engine."""

import json
from collections.abc import Callable

import pytest

from tests.engine.harness import Project

Tiny = Callable[[str], Project]


def document(action: str, **more: object) -> str:
    """A policy of one statement on everything; a trust policy has a principal in its place."""
    on = more or {"Resource": "*"}
    statement = {"Effect": "Allow", "Action": action, **on}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

EVERYTHING = """
def document(action):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": "*"}]})
trust = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]})
get = lambda key: config.get(key)

user = aws.iam.User("user", name="ci", path=get("path") or "/",
    tags={"team": get("team") or "a", "own": "1"})
aws.iam.UserPolicy("inline", name="s3", user=user.name, policy=document(get("action") or "s3:A"))
policy = aws.iam.Policy("managed", name="managed", policy=document(get("action") or "s3:A"),
    description=get("about") or "x")
aws.iam.UserPolicyAttachment("attached", user=user.name, policy_arn=policy.arn)
key = aws.iam.AccessKey("key", user=user.name, status=get("status") or "Active")
role = aws.iam.Role("role", name="r", assume_role_policy=trust,
    max_session_duration=config.get_int("seconds") or 3600)
aws.iam.RolePolicy("roleInline", name="s3", role=role.name, policy=document("s3:B"))
aws.iam.RolePolicyAttachment("roleAttached", role=role.name, policy_arn=policy.arn)
oidc = aws.iam.OpenIdConnectProvider("oidc", url="https://oidc.circleci.com/org/x",
    client_id_lists=[get("client") or "x"])
found = aws.iam.get_open_id_connect_provider_output(arn=oidc.arn)
pulumi.export("arns", [user.arn, role.arn, policy.arn, found.arn])
pulumi.export("secret", key.secret)
pulumi.export("caller", aws.get_caller_identity_output().account_id)
pulumi.export("place", [aws.get_region_output().region, aws.get_partition_output().partition])
"""


def test_every_type_is_made_changed_in_place_replaced_and_deleted(tiny: Tiny) -> None:
    stack = tiny(EVERYTHING).stack()
    planned = {s["urn"].rsplit("::", 1)[-1]: s for s in stack.preview().steps}
    attached = planned["attached"]["newState"]["inputs"]
    assert attached == {"user": "ci", "policyArn": UNKNOWN}

    assert sorted(stack.up().changed["create"]) == sorted(set(planned) - {f"tiny-{stack.name}"})
    outputs = stack.outputs()
    role = stack.iam.list_roles()["Roles"][0]
    assert outputs["arns"][:2] == [f"arn:aws:iam::{stack.account}:user/ci", role["Arn"]]
    assert outputs["caller"] == stack.account
    assert outputs["place"] == ["eu-west-1", "aws"]
    stack.preview("--expect-no-changes")

    stack.write(
        {"path": "/new/", "team": "b", "action": "s3:C", "status": "Inactive"}
        | {"seconds": "7200", "client": "y"}
    )
    in_place = stack.up().changed
    assert sorted(in_place.pop("update")) == ["inline", "key", "managed", "oidc", "role", "user"]
    assert in_place == {}
    user = stack.iam.get_user(UserName="ci")["User"]
    tags = {tag["Key"]: tag["Value"] for tag in user["Tags"]}
    assert (user["Path"], tags) == ("/new/", {"team": "b", "own": "1"})
    (key,) = stack.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
    assert key["Status"] == "Inactive"
    assert stack.iam.get_role(RoleName="r")["Role"]["MaxSessionDuration"] == 7200

    stack.write({"about": "y", "path": "/new/", "team": "b", "action": "s3:C"})
    changed = stack.up().changed
    assert sorted(changed["replace"]) == ["attached", "managed", "roleAttached"]

    stack.destroy()
    assert stack.iam.list_users()["Users"] == []
    assert stack.iam.list_roles()["Roles"] == []
    assert stack.iam.list_policies(Scope="Local")["Policies"] == []
    assert stack.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_refresh_sees_what_changed_behind_its_back_and_up_puts_it_right(tiny: Tiny) -> None:
    stack = tiny(EVERYTHING).stack()
    stack.up()
    (policy,) = stack.iam.list_policies(Scope="Local")["Policies"]
    stack.iam.tag_user(UserName="ci", Tags=[{"Key": "team", "Value": "other"}])
    stack.iam.put_user_policy(
        UserName="ci",
        PolicyName="s3",
        PolicyDocument=document("s3:*"),
    )
    stack.iam.detach_user_policy(UserName="ci", PolicyArn=policy["Arn"])
    stack.iam.delete_role_policy(RoleName="r", PolicyName="s3")
    # Equivalent text is no drift.
    stack.iam.update_assume_role_policy(
        RoleName="r",
        PolicyDocument=json.dumps(
            {
                "Statement": {
                    "Principal": {"AWS": ["*"]},
                    "Action": ["sts:AssumeRole"],
                    "Effect": "Allow",
                },
                "Version": "2012-10-17",
            },
            indent=2,
        ),
    )

    stack.refresh()
    resources = stack.resources()
    assert resources["user"]["outputs"]["tags"] == {"team": "other", "own": "1"}
    assert "s3:*" in resources["inline"]["outputs"]["policy"]
    assert not {"attached", "roleInline"} & set(resources)
    again = stack.up().changed
    assert sorted(again.pop("create")) == ["attached", "roleInline"]
    assert sorted(again.pop("update")) == ["inline", "user"]
    assert again == {}


def test_what_was_made_by_hand_is_imported_by_its_id(tiny: Tiny) -> None:
    project = tiny("")
    stack = project.stack()
    access, trust = document("s3:A"), document("sts:AssumeRole", Principal={"AWS": "*"})
    iam = stack.iam
    iam.create_user(UserName="ci", Path="/p/", Tags=[{"Key": "a", "Value": "b"}])
    iam.put_user_policy(UserName="ci", PolicyName="s3", PolicyDocument=access)
    key = iam.create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"]
    policy = iam.create_policy(PolicyName="m", PolicyDocument=access)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ci", PolicyArn=policy)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="r", PolicyName="s3", PolicyDocument=access)
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    oidc = iam.create_open_id_connect_provider(
        Url="https://oidc.circleci.com/org/x", ClientIDList=["x"], ThumbprintList=[]
    )["OpenIDConnectProviderArn"]
    project.write_program(f"""
kept = lambda id: pulumi.ResourceOptions(import_=id)
document, trust = {access!r}, {trust!r}
aws.iam.User("user", name="ci", path="/p/", tags={{"a": "b"}}, opts=kept("ci"))
aws.iam.UserPolicy("inline", name="s3", user="ci", policy=document, opts=kept("ci:s3"))
aws.iam.AccessKey("key", user="ci", opts=kept({key!r}))
aws.iam.Policy("managed", name="m", policy=document, opts=kept({policy!r}))
aws.iam.UserPolicyAttachment("attached", user="ci", policy_arn={policy!r},
    opts=kept("ci/" + {policy!r}))
aws.iam.Role("role", name="r", assume_role_policy=trust, opts=kept("r"))
aws.iam.RolePolicy("roleInline", name="s3", role="r", policy=document, opts=kept("r:s3"))
aws.iam.RolePolicyAttachment("roleAttached", role="r", policy_arn={policy!r},
    opts=kept("r/" + {policy!r}))
aws.iam.OpenIdConnectProvider("oidc", url="https://oidc.circleci.com/org/x", client_id_lists=["x"],
    opts=kept({oidc!r}))
""")
    assert len(stack.up().changed["import"]) == 9
    stack.preview("--expect-no-changes")


def test_secrets_stay_secret_in_state_and_outputs(tiny: Tiny) -> None:
    stack = tiny("""
user = aws.iam.User("user", name="ci", tags={"a": pulumi.Output.secret("hidden-tag")})
key = aws.iam.AccessKey("key", user=user.name)
pulumi.export("secret", key.secret)
pulumi.export("tags", user.tags)
""").stack()
    stack.up()
    secret = stack.outputs(show_secrets=True)["secret"]
    assert stack.outputs() == {"secret": "[secret]", "tags": "[secret]"}
    stack.refresh()
    state = json.dumps(stack.resources())
    assert "ciphertext" in json.dumps(stack.resources()["key"]["outputs"]["secret"])
    assert secret not in state
    assert "hidden-tag" not in state
    assert stack.outputs(show_secrets=True)["secret"] == secret


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("aws.sqs.Queue('queue')", ["does not know aws:sqs/queue:Queue"]),
        ("aws.iam.get_role_output(name='x')", ["does not know aws:iam/getRole:getRole"]),
        (
            "aws.s3.get_bucket(bucket='acme-not-there')",
            ["reading S3 Bucket (acme-not-there): couldn't find resource"],
        ),
        (
            "aws.iam.Role('role', name='r', assume_role_policy='{', max_session_duration=60)",
            [
                "contains an invalid JSON policy",
                "expected max_session_duration to be in the range (3600 - 43200), got 60",
            ],
        ),
    ],
)
def test_what_cannot_be_is_refused_in_the_preview(
    tiny: Tiny, program: str, words: list[str]
) -> None:
    said = tiny(program).stack().preview(ok=False).messages
    assert [word for word in words if word not in said] == []


def test_limits_of_aws_that_moto_does_not_check(tiny: Tiny) -> None:
    stack = tiny("""
def document(letters):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "s3:A", "Resource": "arn:aws:s3:::" + "x" * letters}]})
user = aws.iam.User("user", name="ci")
for n in range(2):
    aws.iam.UserPolicy(f"inline{n}", name=f"p{n}", user=user.name, policy=document(1100))
for n in range(3):
    aws.iam.AccessKey(f"key{n}", user=user.name)
aws.iam.Policy("managed", name="m", policy=document(6100))
who = "arn:aws:iam::123456789012:role/" + "x" * 2000
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Action": "sts:AssumeRole", "Principal": {"AWS": [who]}}]})
aws.iam.Role("role", name="r", assume_role_policy=trust)
for n in range(11):
    policy = aws.iam.Policy(f"policy{n}", name=f"m{n}", policy=document(9))
    aws.iam.UserPolicyAttachment(f"attached{n}", user=user.name, policy_arn=policy.arn)
""").stack()
    said = stack.up("--continue-on-error", ok=False).messages
    for words in (
        "Maximum policy size of 2048 bytes exceeded for user ci",
        "Cannot exceed quota for AccessKeysPerUser: 2",
        "Cannot exceed quota for PolicySize: 6144",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        "Cannot exceed quota for PoliciesPerUser: 10",
    ):
        assert words in said
    assert len(stack.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]) == 2
    assert len(stack.iam.list_user_policies(UserName="ci")["PolicyNames"]) == 1


def test_what_is_in_use_is_not_deleted(tiny: Tiny) -> None:
    stack = tiny("""
user = aws.iam.User("user", name="ci")
document = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "s3:A", "Resource": "*"}]})
policy = aws.iam.Policy("managed", name="m", policy=document)
pulumi.export("arn", policy.arn)
""").stack()
    stack.up()
    stack.iam.create_access_key(UserName="ci")
    stack.iam.create_role(
        RoleName="other", AssumeRolePolicyDocument=document("sts:AssumeRole", Principal="*")
    )
    stack.iam.attach_role_policy(RoleName="other", PolicyArn=stack.outputs()["arn"])
    said = stack.destroy("--continue-on-error", ok=False).messages
    assert "DeleteConflict: Cannot delete entity, must delete access keys first." in said
    assert "DeleteConflict: Cannot delete a policy attached to entities." in said
