"""What the program makes of a config, by Pulumi mocks that record the inputs."""

import json
import sys
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from tests.unit.policy.identities import ORGANIZATION
from tests.unit.resources.mocks import ACCOUNT, RecordingMocks, Secret, run_program

PROJECT = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"
OTHER = "222222222222"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/{ORGANIZATION}"

USER = {"kind": "user", "grants": [{"bucket": "acme", "access": ["read"]}]}
TRUST: dict[str, Any] = {"organization": ORGANIZATION, "projects": [PROJECT]}
ROLE: dict[str, Any] = {
    "kind": "role",
    "trust": TRUST,
    "grants": [{"bucket": "acme", "access": ["list"], "prefixes": ["builds/"]}],
}
READ = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",'
    '"Resource":"arn:aws:s3:::acme/*"}]}'
)


def mocks(*buckets: str, organizations: tuple[str, ...] = (ORGANIZATION,)) -> RecordingMocks:
    return RecordingMocks(frozenset(buckets or ("acme",)), frozenset(organizations))


def test_a_user_gets_its_inline_policy_on_the_looked_up_bucket() -> None:
    made = mocks()
    run_program(made, {"ci": {**USER, "path": "/ci/"}}, tags={"team": "platform"})
    (user,) = made.of("aws:iam/user:User")
    assert user.inputs == {"name": "ci", "path": "/ci/", "tags": {"team": "platform"}}
    (policy,) = made.of("aws:iam/userPolicy:UserPolicy")
    assert policy.inputs == {"name": "s3-access", "user": "ci", "policy": READ}
    assert not made.of("aws:iam/accessKey:AccessKey")


def test_a_boundary_and_own_tags_reach_the_identity_and_own_tags_win() -> None:
    made = mocks()
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/edge"
    config = {**USER, "permissionsBoundary": boundary, "tags": {"team": "site"}}
    run_program(made, {"ci": config}, tags={"team": "platform", "env": "dev"})
    inputs = made.named("ci-user").inputs
    assert inputs["permissionsBoundary"] == boundary
    assert inputs["tags"] == {"team": "site", "env": "dev"}


def test_each_label_makes_a_key_and_the_last_one_is_the_output() -> None:
    before, made = mocks(), mocks()
    run_program(before, {"ci": {**USER, "accessKeys": ["2026-10"]}})
    outputs = run_program(made, {"ci": {**USER, "accessKeys": ["2026-10", "2026-11"]}})
    keys = made.of("aws:iam/accessKey:AccessKey")
    assert sorted(key.name for key in keys) == ["ci-key-2026-10", "ci-key-2026-11"]
    # A secret from its creation on; and a new label leaves the old key's resource as it is.
    assert keys[0].secret_outputs == {"secret", "sesSmtpPasswordV4"}
    assert before.named("ci-key-2026-10") == made.named("ci-key-2026-10")
    assert outputs["identities"]["ci"] == {
        "kind": "user",
        "name": "ci",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/ci",
        "buckets": ["arn:aws:s3:::acme"],
        "accessKeyId": "ci-key-2026-11-id",
        "secretAccessKey": Secret("secret-of-ci-key-2026-11"),
    }


def test_a_label_that_is_off_is_an_inactive_key_and_no_output() -> None:
    made = mocks()
    labels = ["2026-10", {"label": "2026-11", "active": False}]
    outputs = run_program(made, {"ci": {**USER, "accessKeys": labels}})
    statuses = [made.named(f"ci-key-{one}").inputs.get("status") for one in ("2026-10", "2026-11")]
    assert statuses == [None, "Inactive"]
    assert outputs["identities"]["ci"]["accessKeyId"] == "ci-key-2026-10-id"
    outputs = run_program(mocks(), {"ci": {**USER, "accessKeys": labels[1:]}})
    assert "accessKeyId" not in outputs["identities"]["ci"]


def test_the_current_key_is_delivered_as_a_secret_to_places_in_aws_alone() -> None:
    made = mocks()
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
    deliver = [
        {"circleciContext": "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"},
        {"ssmParameter": "/ci/a", "kmsKey": key, "variables": {"accessKeyId": "ID"}},
        {"secretsManager": "ci/a", "kmsKey": key},
    ]
    config = {**USER, "accessKeys": ["a", "b"], "deliver": deliver}
    run_program(made, {"ci": config}, tags={"team": "web"})
    (parameter,) = made.of("aws:ssm/parameter:Parameter")
    (secret,) = made.of("aws:secretsmanager/secret:Secret")
    (version,) = made.of("aws:secretsmanager/secretVersion:SecretVersion")
    names = [one.name for one in (parameter, secret, version)]
    assert names == ["ci-parameter-/ci/a", "ci-secret-ci/a", "ci-secret-ci/a-current"]
    assert {one.parent for one in (parameter, secret, version)} == {"ci"}
    value = parameter.inputs["value"]
    expected = {"name": "/ci/a", "type": "SecureString", "keyId": key, "tags": {"team": "web"}}
    assert parameter.inputs == {**expected, "value": value}
    assert secret.inputs == {"name": "ci/a", "kmsKeyId": key, "tags": {"team": "web"}}
    pair = {"ID": "ci-key-b-id", "AWS_SECRET_ACCESS_KEY": "secret-of-ci-key-b"}
    assert json.loads(value["value"]) == pair
    for held in (value, version.inputs["secretString"]):
        assert held[rpc._special_sig_key] == rpc._special_secret_sig


def test_a_role_trusts_its_jobs_and_says_so() -> None:
    made = mocks()
    outputs = run_program(made, {"ci": {**ROLE, "maxSessionSeconds": 7200, "path": "/ci/"}})
    (role,) = made.of("aws:iam/role:Role")
    trust = json.loads(role.inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Federated": PROVIDER}
    assert role.inputs["maxSessionDuration"] == 7200
    assert role.inputs["path"] == "/ci/"
    assert f"organization {ORGANIZATION}, project {PROJECT}" in role.inputs["description"]
    assert role.delete_before_replace
    (policy,) = made.of("aws:iam/rolePolicy:RolePolicy")
    assert policy.inputs["role"] == "ci"
    assert '"s3:prefix":"builds/*"' in policy.inputs["policy"]
    config = outputs["identities"]["ci"]["circleciConfig"]
    for said in (
        'session_duration: "7200"',
        f'role_arn: "arn:aws:iam::{ACCOUNT}:role/ci"',
        'region: "eu-west-1"',
        "aws s3 ls s3://acme/builds/",
    ):
        assert said in config


def test_create_makes_the_provider_without_thumbprints_and_protects_it() -> None:
    made = mocks(organizations=())
    run_program(made, {"ci": ROLE}, oidcProvider="create", tags={"team": "platform"})
    assert f"circleci-{ORGANIZATION}" in made.named("ci-role").depends_on
    assert PROVIDER in made.named("ci-role").inputs["assumeRolePolicy"]
    (provider,) = made.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.inputs == {
        "url": f"https://oidc.circleci.com/org/{ORGANIZATION}",
        "clientIdLists": [ORGANIZATION],
        "tags": {"team": "platform"},
    }
    assert provider.protect


@pytest.mark.parametrize(
    ("stack", "own", "expected"),
    [(False, {}, False), (True, {}, True), (True, {"exclusive": False}, False)],
)
def test_an_exclusive_identity_names_the_policies_that_stay(
    stack: bool,  # noqa: FBT001 - a column of the table
    own: dict[str, bool],
    expected: bool,  # noqa: FBT001 - same
) -> None:
    made = mocks()
    grants = [
        {"bucket": "acme", "access": ["read"], "prefixes": [f"{'p' * 200}{n}/" for n in range(30)]}
    ]
    identities = {"ci": {**USER, **own}, "deploy": {**ROLE, "grants": grants, **own}}
    run_program(made, identities, exclusive=stack)
    found = {one.name: one for one in made.registered if "Exclusive" in one.type}
    if not expected:
        assert not found
        assert "forceDestroy" not in made.named("ci-user").inputs
        return
    assert {name: one.type.rpartition(":")[2] for name, one in found.items()} == {
        "ci-only-inline": "UserPoliciesExclusive",
        "ci-only-attached": "UserPolicyAttachmentsExclusive",
        "deploy-only-inline": "RolePoliciesExclusive",
        "deploy-only-attached": "RolePolicyAttachmentsExclusive",
    }
    assert found["ci-only-inline"].inputs == {"userName": "ci", "policyNames": ["s3-access"]}
    assert found["ci-only-attached"].inputs == {"userName": "ci", "policyArns": []}
    # Nothing is taken away before all of its own policies are there.
    own_policies = {
        one.name for one in made.registered if one.name.startswith("deploy-") and "olic" in one.type
    } - found.keys()
    for name in ("deploy-only-inline", "deploy-only-attached"):
        attached = {one for one in own_policies if "-managed-" not in one}
        assert found[name].depends_on >= attached
    assert made.named("ci-user").inputs["forceDestroy"]
    assert made.named("deploy-role").inputs["forceDetachPolicies"]


def test_a_provider_is_made_for_a_listed_organization_without_a_role() -> None:
    made = mocks(organizations=())
    run_program(made, {}, oidcProvider="create", organizations=[ORGANIZATION])
    (provider,) = made.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.inputs["clientIdLists"] == [ORGANIZATION]
    assert provider.protect


def test_everything_is_looked_up_once_whatever_asks_for_it() -> None:
    other = "2f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
    made = mocks(organizations=(ORGANIZATION, other))
    third = {**ROLE, "trust": {**TRUST, "organization": other}}
    run_program(made, {"one": ROLE, "two": ROLE, "three": third, "four": USER})
    assert sorted(made.looked_up) == [
        "acme",
        f"https://oidc.circleci.com/org/{ORGANIZATION}",
        f"https://oidc.circleci.com/org/{other}",
    ]
    assert not made.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")


KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
PROVIDER_OF = f"oidcProvider: 'existing': the provider of organization {ORGANIZATION}"
UNKNOWN = {"organizations": frozenset[str]()}


def rpc_secret(value: object) -> dict[str, object]:
    """A secret as the engine sends it."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


ELSEWHERE = {"identities": {"ci": {"kind": "user", "arn": f"arn:aws:iam::{OTHER}:user/ci"}}}
ELSEWHERE_WITH_KEY = {
    "identities": {"ci": {**ELSEWHERE["identities"]["ci"], "secretAccessKey": rpc_secret("…")}}
}


def of_buckets(*buckets: str, **more: str) -> dict[str, Any]:
    grants = [{"bucket": bucket, "access": ["read"], **more} for bucket in buckets]
    return {"kind": "user", "grants": grants}


@pytest.mark.parametrize(
    ("given", "identities", "findings"),
    [
        (
            UNKNOWN,
            {"ci": ROLE},
            ["oidcProvider: 'existing', but this account has no OIDC provider for organization"],
        ),
        (
            {**UNKNOWN, "provider_error": "operation error IAM: AccessDenied"},
            {"ci": ROLE},
            [f"{PROVIDER_OF} can't be looked up: operation error IAM: AccessDenied"],
        ),
        (
            UNKNOWN,
            {
                "ci": of_buckets("acme", "gone-1", "gone-2"),
                "other": {**of_buckets("gone-3"), "kind": "role", "trust": TRUST},
                "good": USER,
            },
            [
                "identities.ci.grants[1].bucket: 'gone-1' does not exist",
                "identities.ci.grants[2].bucket: 'gone-2' does not exist",
                "identities.other.grants[0].bucket: 'gone-3' does not exist",
                "oidcProvider: 'existing', but",
            ],
        ),
        *(
            (
                {"outputs": found},
                {"ci": USER, "deploy": ROLE},
                [
                    (
                        f"aws:allowedAccountIds: this stack was deployed in account {OTHER}, "
                        f"but the credentials belong to {ACCOUNT}; a stack stays in its account, "
                        f"so use another stack file for {ACCOUNT}"
                    )
                ],
            )
            for found in (ELSEWHERE, ELSEWHERE_WITH_KEY)
        ),
        (
            {"state_errors": ["access denied"]},
            {"ci": USER},
            ["aws:allowedAccountIds: the account in use can't be determined: access denied"],
        ),
        # CircleCI's own page had this for a while (circleci-docs#10653).
        (
            {"audiences": ["sts.amazonaws.com"]},
            {"ci": ROLE},
            [f"{PROVIDER_OF} allows the audience sts.amazonaws.com"],
        ),
        (
            {"partition": "aws-cn"},
            {"ci": of_buckets("acme", kmsKey=KEY)},
            [f"identities.ci.grants[0].kmsKey: '{KEY}'"],
        ),
    ],
)
def test_what_is_missing_or_foreign_is_told_and_nothing_is_made(
    given: dict[str, Any], identities: dict[str, Any], findings: list[str]
) -> None:
    made = replace(mocks(), **given)
    with pytest.raises(pulumi.RunError) as raised:
        run_program(made, identities)
    for line, finding in zip(str(raised.value).splitlines(), findings, strict=True):
        assert line.startswith(f"Pulumi.dev.yaml: {finding}")
    assert not [one for one in made.registered if one.type.startswith("aws:")]


def test_no_role_trusts_a_provider_that_is_not_the_one_which_aws_made() -> None:
    made = replace(mocks(organizations=()), account=OTHER)
    with pytest.raises(pulumi.RunError, match=f"AWS made the OIDC provider {PROVIDER}; arn:aws:"):
        run_program(made, {"ci": ROLE}, oidcProvider="create")
    assert not made.of("aws:iam/role:Role")


def test_a_state_that_is_just_being_written_is_read_again() -> None:
    made = mocks()
    made.state_errors = ["failed to load checkpoint: EOF"] * 3
    run_program(made, {"ci": USER})
    assert made.of("aws:iam/user:User")


def test_the_account_that_the_stack_was_deployed_in_is_no_other() -> None:
    made = mocks()
    made.outputs = run_program(mocks(), {"ci": USER})
    assert run_program(made, {"ci": USER}) == made.outputs


@pytest.mark.parametrize("variable", [None, "AWS_REGION"])
def test_without_a_configured_region_nothing_is_judged_by_a_guess(
    variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, "eu-central-1")
    key = "arn:aws:kms:eu-central-1:111111111111:key/1"
    grants = [{"bucket": "acme", "access": ["list", "read"], "kmsKey": key}]
    role = {**ROLE, "grants": grants, "trust": {**TRUST, "projectIdClaim": True}}
    outputs = run_program(mocks(), {"ci": role}, region=None)
    assert "region: eu-central-1" in outputs["identities"]["ci"]["circleciConfig"].replace('"', "")


def test_bad_config_makes_and_looks_up_nothing_and_tells_every_finding() -> None:
    made = mocks()
    bad = {"ci": {"kind": "user", "grants": [{"bucket": "acme", "access": ["raed"]}]}}
    with pytest.raises(pulumi.RunError) as raised:
        run_program(made, bad, identitys={}, oidcProvider="make")
    assert [line.split(": ")[1] for line in str(raised.value).splitlines()] == [
        "identities.ci.grants[0].access",
        "oidcProvider",
        "identitys",
    ]
    assert made.registered == []


def test_a_warning_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    trust = {**TRUST, "projects": ["*"]}
    run_program(mocks(), {"ci": {**ROLE, "trust": trust}})
    assert "identities.ci.trust.projects: '*' lets every project" in caplog.text


def _many(kind: str, count: int) -> dict[str, Any]:
    grants = [{"bucket": f"acme-{n}", "access": ["list", "read", "write"]} for n in range(count)]
    return {**(USER if kind == "user" else ROLE), "grants": grants}


def test_what_a_user_can_not_hold_inline_goes_into_attached_managed_policies() -> None:
    made = mocks(*(f"acme-{n}" for n in range(150)))
    run_program(made, {"ci": {**_many("user", 150), "path": "/ci/"}}, tags={"team": "platform"})
    assert not made.of("aws:iam/userPolicy:UserPolicy")
    policies = made.of("aws:iam/policy:Policy")
    attachments = made.of("aws:iam/userPolicyAttachment:UserPolicyAttachment")
    assert len(policies) == len(attachments) > 1
    for policy in policies:
        assert policy.inputs["name"].startswith("ci-user-s3-access-")
        assert policy.inputs["tags"] == {"team": "platform"}
        assert policy.inputs["path"] == "/ci/"
        assert len(policy.inputs["policy"]) <= 6144
        assert policy.delete_before_replace
    assert {one.inputs["policyArn"] for one in attachments} == {
        f"arn:aws:iam::{ACCOUNT}:policy/{one.inputs['name']}" for one in policies
    }
    assert {one.inputs["user"] for one in attachments} == {"ci"}


@pytest.mark.parametrize("kind", ["user", "role"])
@pytest.mark.parametrize(("before", "after"), [(100, 150), (5, 60), (150, 300), (300, 80)])
def test_a_permission_is_given_up_only_after_it_is_attached_elsewhere(
    kind: str, before: int, after: int
) -> None:
    """Of any two layouts: whoever gives a permission up waits for all who take one over."""
    old, new = (mocks(*(f"acme-{n}" for n in range(count))) for count in (before, after))
    run_program(old, {"ci": _many(kind, before)})
    run_program(new, {"ci": _many(kind, after)})
    there, then = _documents(old), _documents(new)
    for policy, document in there.items():
        if policy not in then:
            continue  # deleted, which Pulumi does last
        for taker, taken in then.items():
            if taker != policy and document & taken - then[policy]:
                assert taker not in there
                assert _attachment(taker) in _waits_for(new, policy)


def _documents(made: RecordingMocks) -> dict[str, frozenset[str]]:
    """The resources that each policy names, by the name of the policy's own resource."""
    found = {}
    for one in made.registered:
        if "policy" in one.inputs:
            statements = json.loads(one.inputs["policy"])["Statement"]
            named = [statement["Resource"] for statement in statements]
            flat = {arn for some in named for arn in ([some] if isinstance(some, str) else some)}
            found[one.name] = frozenset(flat)
    return found


def _attachment(policy: str) -> str:
    return policy.replace("-managed-", "-attached-")


def _waits_for(made: RecordingMocks, name: str) -> set[str]:
    direct = made.named(name).depends_on & {one.name for one in made.registered}
    return {*direct, *(far for near in direct for far in _waits_for(made, near))}


def test_type_tokens_and_names_are_part_of_every_urn_and_stay() -> None:
    made = mocks()
    run_program(made, {"u": {**USER, "accessKeys": ["a"]}, "r": ROLE}, oidcProvider="create")
    token = "circleci-s3-access:index"
    assert {(one.type, one.name, one.parent) for one in made.registered} == {
        (f"{token}:User", "u", "circleci-s3-access-dev"),
        ("aws:iam/user:User", "u-user", "u"),
        ("aws:iam/userPolicy:UserPolicy", "u-inline", "u"),
        ("aws:iam/accessKey:AccessKey", "u-key-a", "u"),
        (f"{token}:Role", "r", "circleci-s3-access-dev"),
        ("aws:iam/role:Role", "r-role", "r"),
        ("aws:iam/rolePolicy:RolePolicy", "r-inline", "r"),
        (f"{token}:Account", "account", "circleci-s3-access-dev"),
        (
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            f"circleci-{ORGANIZATION}",
            "account",
        ),
    }


def test_stack_traces_in_the_state_contain_only_files_of_the_program() -> None:
    made = mocks()
    run_program(made, {"ci": {**USER, "accessKeys": ["a"]}, "site": ROLE}, oidcProvider="create")
    files = {"__main__.py", "account.py", "identities.py"}
    strange = {one.name: one.trace for one in made.registered if not {*one.trace} <= files}
    assert not strange
    assert all(one.trace for one in made.registered)
    assert sys.tracebacklimit == 1000, "tracebacks of errors are whole again"
