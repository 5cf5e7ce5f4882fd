"""Roles on the real engine, against the sandbox."""

from collections.abc import Callable
from typing import Any

import pytest

from components.circleci.subject import Job
from components.iam.decide import decide_trust, web_identity
from components.policy.trust import provider_arn
from tests.engine.harness import Project, Stack
from tests.unit.policy.identities import ORGANIZATION

OTHER = "2f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"
USER = "0d1c9a3e-7c1e-4a52-9e3f-0123456789ab"
MAIN = Job(ORGANIZATION, PROJECT, USER, "github.com/acme/app", "refs/heads/main")


Role = Callable[..., dict[str, Any]]


@pytest.fixture
def role(bucket: str) -> Role:
    """Makes a role's config, with a trust of one project."""

    def make(organization: str = ORGANIZATION, **trust: Any) -> dict[str, Any]:
        return {
            "kind": "role",
            "trust": {"organization": organization, "projects": [PROJECT], **trust},
            "grants": [{"bucket": bucket, "access": ["list", "read"]}],
        }

    return make


def trusts(stack: Stack, name: str, job: Job) -> bool:
    """Whether the role as read back lets a job's token in, by IAM's rules."""
    document: Any = stack.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    provider = provider_arn("aws", stack.account, job.organization)
    request = web_identity(provider, {"aud": job.organization, "sub": job.subject})
    return decide_trust(document, request).allowed


def test_a_role_trusts_what_its_config_says_and_nothing_else(checkout: Project, role: Role) -> None:
    bound = role(origins=["github.com/acme/app"], refs=["refs/heads/main"])
    stack = checkout.stack({"identities": {"deploy": bound}, "oidcProvider": "create"})
    stack.up()
    stack.preview("--expect-no-changes")
    assert trusts(stack, "deploy", MAIN)
    crafted = f"x/vcs-origin/{MAIN.origin}/vcs-ref/{MAIN.ref}"
    for job in (
        Job(ORGANIZATION, PROJECT, USER),
        Job(ORGANIZATION, PROJECT, USER, MAIN.origin, "refs/heads/other"),
        Job(ORGANIZATION, PROJECT, USER, "github.com/fork/app", MAIN.ref),
        Job(ORGANIZATION, PROJECT, USER, "github.com/fork/app", crafted),
        Job(ORGANIZATION, OTHER, USER, MAIN.origin, MAIN.ref),
        Job(OTHER, PROJECT, USER, MAIN.origin, MAIN.ref),
    ):
        assert not trusts(stack, "deploy", job), job


def test_session_path_tags_and_words_reach_the_role(checkout: Project, role: Role) -> None:
    described = {**role(), "maxSessionSeconds": 7200, "path": "/ci/", "tags": {"team": "site"}}
    stack = checkout.stack({"identities": {"deploy": described}, "oidcProvider": "create"})
    stack.up()
    made = stack.iam.get_role(RoleName="deploy")["Role"]
    assert made["MaxSessionDuration"] == 7200
    assert made["Path"] == "/ci/"
    assert made["Tags"] == [{"Key": "team", "Value": "site"}]
    assert PROJECT in made["Description"]
    config = stack.outputs()["identities"]["deploy"]["circleciConfig"]
    assert f'role_arn: "{made["Arn"]}"' in config


def test_a_change_of_trust_updates_the_role_in_place(checkout: Project, role: Role) -> None:
    stack = checkout.stack({"identities": {"deploy": role()}, "oidcProvider": "create"})
    stack.up()
    stack.write({"identities": {"deploy": role(users=[USER])}, "oidcProvider": "create"})
    assert stack.up().changed == {"update": ["deploy-role"]}
    assert not trusts(stack, "deploy", Job(ORGANIZATION, PROJECT, OTHER))


def test_one_stack_makes_the_provider_and_the_others_of_the_account_find_it(
    checkout: Project, role: Role
) -> None:
    first = checkout.stack({"identities": {"one": role()}, "oidcProvider": "create"})
    second = checkout.stack({"identities": {"two": role()}}, account=first.account)
    run = second.up(ok=False)
    assert "set circleci-s3-access:oidcProvider to create in exactly one stack" in run.messages
    assert "Traceback" not in run.messages
    first.up()
    second.up()
    second.preview("--expect-no-changes")
    assert trusts(second, "two", MAIN)


def test_the_provider_is_protected_while_other_stacks_may_use_it(
    checkout: Project, role: Role
) -> None:
    stack = checkout.stack({"identities": {"deploy": role()}, "oidcProvider": "create"})
    stack.up()
    assert stack.destroy(ok=False).code != 0
    assert len(stack.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    stack.destroy("--exclude-protected")
    assert stack.iam.list_roles()["Roles"] == []


def test_a_provider_stays_while_roles_come_and_go(checkout: Project, role: Role) -> None:
    config = {"oidcProvider": "create", "organizations": [ORGANIZATION]}
    stack = checkout.stack({**config, "identities": {}})
    stack.up()
    (provider,) = stack.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    stack.write({**config, "identities": {"deploy": role()}})
    assert "delete" not in stack.up().changed
    assert trusts(stack, "deploy", MAIN)
    stack.write({**config, "identities": {}})
    assert stack.up().changed == {"delete": ["deploy-inline", "deploy-role", "deploy"]}
    assert stack.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [provider]


def test_roles_of_several_organizations_in_one_stack(checkout: Project, role: Role) -> None:
    stack = checkout.stack(
        {"identities": {"one": role(), "two": role(OTHER)}, "oidcProvider": "create"}
    )
    stack.up()
    assert trusts(stack, "one", MAIN)
    assert not trusts(stack, "two", MAIN)
    assert trusts(stack, "two", Job(OTHER, PROJECT, USER))


def test_a_user_and_the_role_that_takes_over_stand_side_by_side(
    checkout: Project, role: Role
) -> None:
    user = {"kind": "user", "grants": role()["grants"], "accessKeys": ["a"]}
    stack = checkout.stack({"identities": {"ci": user}, "oidcProvider": "create"})
    stack.up()
    both = {"ci": user, "ci-role": role()}
    stack.write({"identities": both, "oidcProvider": "create"})
    assert set(stack.up().changed) == {"create"}
    stack.write({"identities": {"ci-role": role()}, "oidcProvider": "create"})
    assert set(stack.up().changed) == {"delete"}
    assert stack.iam.list_users()["Users"] == []
