"""What a preview of a deployed stack says of access, on the real engine."""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from sandbox.folder import CHECKOUT
from tests.engine.harness import Project, Sandbox, Stack
from tests.engine.rollouts import Rollout
from tests.engine.test_many_grants import grants
from tests.unit.settings.configs import ORGANIZATION, PROJECT

ACCOUNT: Final = "810000000001"
KEY: Final = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"


def user(*held: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "user", "grants": list(held), **more}


def deploy(refs: list[str], *held: dict[str, Any], **more: Any) -> dict[str, Any]:
    trust = {
        "organization": ORGANIZATION,
        "projects": [PROJECT],
        "origins": ["github.com/acme/app"],
        "refs": refs,
    }
    return {"kind": "role", "trust": trust, "grants": list(held), **more}


def grant(bucket: str, *access: str, **more: Any) -> dict[str, Any]:
    return {"bucket": bucket, "access": list(access), **more}


BEFORE: Final[dict[str, Any]] = {
    "oidcProvider": "create",
    "identities": {
        "keyed": user(grant("access-a", "read"), accessKeys=["2026-11"]),
        "wider": deploy(["refs/heads/main"], grant("access-a", "read", prefixes=["releases/"])),
        "narrower": user(grant("access-a", "read", "delete"), grant("access-b", "write")),
        "old": user(grant("access-b", "read")),
        "moved": deploy(["refs/heads/main"], grant("access-b", "read")),
        "same": user(grant("access-a", "read"), grant("access-b", "read")),
        "rotated": user(grant("access-a", "read"), accessKeys=["2026-11"]),
        "elsewhere": deploy(["refs/heads/main"], grant("access-a", "read")),
        "emptied": user(grant("access-a", "read"), tags={"team": "b"}),
    },
}


def changed() -> dict[str, Any]:
    after = deepcopy(BEFORE)
    after["identities"] |= {
        "keyed": user(grant("access-a", "read"), accessKeys=["2026-11", "2026-12"]),
        "wider": deploy(
            ["refs/heads/main", "refs/tags/v*"],
            grant("access-a", "read", "delete", prefixes=["releases/"]),
        ),
        "narrower": user(grant("access-a", "read", prefixes=["builds/"])),
        "moved": deploy(["refs/heads/main"], grant("access-b", "read"), path="/ci/"),
        "same": user(grant("access-b", "read"), grant("access-a", "read")),
        "rotated": user(grant("access-a", "read"), accessKeys=["2026-12"], path="/ci/"),
        "elsewhere": deploy(
            ["refs/heads/dev"], grant("access-a", "read"), maxSessionSeconds=43_200
        ),
        "emptied": user(grant("access-b", "read"), tags={"team": "a"}),
        "new": user(grant("access-b", "read", kmsKey=KEY)),
    }
    del after["identities"]["old"]
    return after


SENTENCES: Final = [
    "elsewhere trust: no longer lets in any job that it let in (BREAKS)",
    "elsewhere trust: also refs/heads/dev of github.com/acme/app (WIDER)",
    "elsewhere trust: no longer refs/heads/main of github.com/acme/app (NARROWER)",
    "elsewhere may be assumed for 43,200 seconds at a time, before 3,600 (WIDER)",
    "emptied loses all the access that it had (BREAKS)",
    "emptied gains s3:GetObject on access-b/* (WIDER)",
    "emptied loses s3:GetObject on access-a/* (NARROWER)",
    (
        "emptied tags: team is 'a', before 'b': "
        "policies that test aws:PrincipalTag may allow more (WIDER)"
    ),
    "keyed gets access key 2026-12",
    "moved is replaced: access is gone for a while and its ARN is new (BREAKS)",
    (
        "narrower loses s3:AbortMultipartUpload, s3:ListMultipartUploadParts, s3:PutObject "
        "on access-b/* (NARROWER)"
    ),
    "narrower loses s3:DeleteObject on access-a/* (NARROWER)",
    "narrower loses s3:GetObject on access-a/*, keeps it on access-a/builds/* (NARROWER)",
    "new is a new user",
    (f"new gains kms:Decrypt on {KEY} where kms:ViaService is s3.eu-west-1.amazonaws.com (WIDER)"),
    "new gains s3:GetObject on access-b/* (WIDER)",
    "old was a user and is removed (BREAKS)",
    "old loses s3:GetObject on access-b/* (NARROWER)",
    "rotated gets another ARN: its path is /ci/, before / (BREAKS)",
    "rotated loses access key 2026-11, and no other key stays (BREAKS)",
    "rotated gets access key 2026-12",
    "wider gains s3:DeleteObject on access-a/releases/* (WIDER)",
    "wider trust: also refs/tags/v* of github.com/acme/app (WIDER)",
]


def told(access: dict[str, Any]) -> list[str]:
    """The sentences that the JSON holds."""
    return [
        f"{identity['name']} {line['text']}"
        + ("" if line["verdict"] == "none" else f" ({line['verdict'].upper()})")
        for identity in access["identities"]
        for line in identity["lines"]
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Project:
    return Project.of_checkout(tmp_path_factory.mktemp("access") / "project", sandbox)


@pytest.fixture(scope="module")
def stack(project: Project) -> Stack:
    made = project.stack(BEFORE, name="access", account=ACCOUNT)
    made.up()
    made.write(changed())
    return made


def test_a_preview_says_exactly_what_changes_of_access(stack: Stack) -> None:
    ran = Rollout(stack.project).run("preview", "--stacks", stack.name, "--json")
    access = ran.stacks[stack.name]["access"]
    assert told(access) == SENTENCES
    counted = ("version", "breaks", "wider", "narrower", "replaced")
    assert [access[key] for key in counted] == [1, 6, 8, 6, 1]
    lines = [line.strip().lstrip("!+-· ") for line in ran.stderr.splitlines()]
    breaking = [one for one in SENTENCES if one.endswith("(BREAKS)")]
    others = [one for one in SENTENCES if one not in breaking]
    assert [line for line in lines if line in SENTENCES] == [*breaking, *others]
    assert (
        "access: breaks in 1 stack, wider in 1 stack, narrower in 1 stack, 1 identity replaced"
        in lines
    )


def test_what_breaks_and_wider_access_can_fail_a_preview_with_codes_of_their_own(
    stack: Stack,
) -> None:
    rollout = Rollout(stack.project)
    both = ("--fail-on-wider", "--exit-code")
    rollout.run("preview", "--stacks", stack.name, *both, "--fail-on-breaks", code=4)
    rollout.run("preview", "--stacks", stack.name, *both, code=3)
    rollout.run("preview", "--stacks", stack.name, "--exit-code", code=2)


def test_nothing_that_is_told_holds_a_secret_or_with_redact_an_account(
    stack: Stack, tmp_path: Path
) -> None:
    comment = tmp_path / "comment.md"
    args = ("preview", "--stacks", stack.name, "--json", "--redact", "--markdown", str(comment))
    ran = Rollout(stack.project).run(*args)
    told_everywhere = ran.stdout + ran.stderr + comment.read_text()
    secret = stack.outputs(show_secrets=True)["identities"]["keyed"]["secretAccessKey"]
    assert len(secret) > 20
    assert secret not in told_everywhere
    assert ACCOUNT not in told_everywhere
    assert "arn:aws:kms:eu-west-1:xxxxxxxxxxx1:key/k" in comment.read_text()
    assert "moved is replaced" in comment.read_text()


def test_the_first_preview_of_a_stack_knows_the_trust_of_a_provider_that_is_not_made_yet(
    project: Project,
) -> None:
    fresh = project.stack(BEFORE, account="810000000002")
    ran = Rollout(project).run("preview", "--stacks", fresh.name, "--json")
    assert [one for one in told(ran.stacks[fresh.name]["access"]) if "moved" in one] == [
        "moved is a new role",
        "moved gains s3:GetObject on access-b/* (WIDER)",
        (
            f"moved trust: jobs of project {PROJECT} in organization {ORGANIZATION}, "
            "run by any user, refs/heads/main of github.com/acme/app (WIDER)"
        ),
    ]


def test_grants_that_move_to_other_policies_are_no_change_of_access(
    tmp_path: Path, sandbox: Sandbox, bucket: str
) -> None:
    """As after an upgrade of the program that lays policies out otherwise."""
    project = Project.of_checkout(tmp_path / "project", sandbox)
    components = project.root / "components"
    components.unlink()
    shutil.copytree(CHECKOUT / "components", components)
    limits = components / "aws" / "limits.py"
    limits.write_text(
        limits.read_text().replace("MANAGED: Final = 6_144", "MANAGED: Final = 1_500")
    )
    stack = project.stack({"identities": {"u": user(*grants(60, bucket))}})
    policies = [name for name in stack.up().changed["create"] if "-managed-" in name]
    assert len(policies) > 1
    shutil.rmtree(components)
    components.symlink_to(CHECKOUT / "components")
    ran = Rollout(project).run("preview", "--json", "--fail-on-wider")
    assert ran.stacks[stack.name]["changes"].keys() == {"create", "delete"}
    assert ran.stacks[stack.name]["access"]["identities"] == []


def test_grants_that_no_longer_fit_inline_gain_only_what_is_new(
    checkout: Project, bucket: str
) -> None:
    held = [grant(f"{bucket}-{number:03}", "read") for number in range(80)]
    stack = checkout.stack({"identities": {"u": user(*held[:10])}})
    stack.up()
    stack.write({"identities": {"u": user(*held)}})
    ran = Rollout(checkout).run("preview", "--json")
    assert ran.stacks[stack.name]["changes"]["delete"] == 1  # the inline policy
    new = ", ".join(f"{one['bucket']}/*" for one in held[10:])
    assert told(ran.stacks[stack.name]["access"]) == [f"u gains s3:GetObject on {new} (WIDER)"]


def test_can_names_the_policy_that_is_deployed(checkout: Project, bucket: str) -> None:
    held = [grant(f"{bucket}-{number:03}", "read") for number in range(80)]
    stack = checkout.stack({"identities": {"u": user(*held)}})
    stack.up()
    question = ("--stack", stack.name, "--identity", "u", "s3:GetObject", f"s3://{bucket}-042/x")
    decides = json.loads(Rollout(checkout).run("can", *question, "--json").stdout)["policy"]
    inline = stack.iam.list_user_policies(UserName="u")["PolicyNames"]
    attached = stack.iam.list_attached_user_policies(UserName="u")["AttachedPolicies"]
    assert attached
    assert decides["document"] in [*inline, *(one["PolicyName"] for one in attached)]
