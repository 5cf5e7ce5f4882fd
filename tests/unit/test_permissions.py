"""docs/permissions.md: its policies allow what the program's resources need, and not more."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import boto3
import parliament
import pytest
from policy_sentry.querying.actions import get_actions_with_access_level

from components.aws.actions import ACCESS
from components.aws.limits import MANAGED
from components.iam.decide import Request, decide
from components.iam.document import PolicyDocument, size
from sandbox.standin import iam, identity_policies, places

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
POLICIES: Final[dict[str, PolicyDocument]] = {
    name: json.loads(text)
    for name, text in re.findall(r"<!-- policy: (\w+) -->\n```json\n(.*?)```", TEXT, re.DOTALL)
}

ACCOUNT = "arn:aws:iam::111111111111"
BOUNDARY = f"{ACCOUNT}:policy/circleci-s3-access-boundary"
OURS = {kind: f"{ACCOUNT}:{kind}/circleci/ci" for kind in ("user", "role", "policy")}
PROVIDER = f"{ACCOUNT}:oidc-provider/oidc.circleci.com/org/1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"

PLACES = {
    "ssm": "arn:aws:ssm:eu-west-1:111111111111:parameter/circleci/ci",
    "secretsmanager": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:circleci/ci-a1b2c3",
}

NOT_GIVEN = {
    # Whoever put a user into a group takes it out.
    "iam:RemoveUserFromGroup",
    # The provider is shared, a boundary is not to be taken away.
    "iam:DeleteOpenIDConnectProvider",
    *("iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
}


def allows(policy: str, action: str, resource: str, context: Mapping[str, str] = {}) -> bool:
    return decide({policy: POLICIES[policy]}, Request(action, resource, context)).allowed


def actions(policy: str) -> set[str]:
    """What a policy's statements allow; what one denies is left out."""
    given: set[str] = set()
    for statement in POLICIES[policy]["Statement"]:
        if statement["Effect"] == "Deny":
            continue
        one = statement["Action"]
        given |= {one} if isinstance(one, str) else set(one)
    return given


def asked_by_the_stand_in() -> set[str]:
    """The actions of all methods of the services' clients that the stand-in's code names."""
    named: set[str] = set()
    for path in (ROOT / "sandbox" / "standin").glob("*.py"):
        words = re.findall(r"[\w{}]+", path.read_text(encoding="utf-8"))
        named |= {word.replace("{kind}", kind) for word in words for kind in ("user", "role")}
    asked: set[str] = set()
    for service in ("iam", "secretsmanager", "ssm"):
        to_api = boto3.client(service, region_name="eu-west-1").meta.method_to_api_mapping
        asked |= {f"{service}:{to_api[one]}" for one in named & to_api.keys()}
    return asked


def resource_of(action: str) -> str:
    """What an action of ours is asked for on."""
    if (place := PLACES.get(action.partition(":")[0])) is not None:
        return place
    for name, resource in (
        ("OpenIDConnect", PROVIDER),
        *(("UserPolic", OURS["user"]), ("RolePolic", OURS["role"]), ("InstanceProf", OURS["role"])),
        *(("Polic", OURS["policy"]), ("Role", OURS["role"])),
    ):
        if name in action and "AssumeRolePolicy" not in action:
            return resource
    return OURS["role"] if "AssumeRolePolicy" in action else OURS["user"]


def test_there_are_the_three_that_the_page_promises() -> None:
    assert sorted(POLICIES) == ["boundary", "preview", "up"]


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_a_policy_is_free_of_findings_and_fits(name: str) -> None:
    checked = parliament.analyze_policy_string(json.dumps(POLICIES[name]))
    assert [str(finding) for finding in checked.findings] == []
    assert size(POLICIES[name]) <= MANAGED


def test_up_may_make_every_call_that_the_stand_in_makes_for_its_resources() -> None:
    asked = asked_by_the_stand_in()
    assert len(asked) > 40
    assert asked >= NOT_GIVEN
    with_boundary = {"iam:PermissionsBoundary": BOUNDARY}
    refused = {one for one in asked if not allows("up", one, resource_of(one), with_boundary)}
    assert refused == NOT_GIVEN
    assert allows("up", "s3:ListBucket", "arn:aws:s3:::acme-data")


def test_the_table_names_every_resource_and_the_actions_of_the_policy() -> None:
    table = dict(re.findall(r"^\| (\w[\w -]*) \|(.*)$", TEXT, re.MULTILINE))
    kinds = {
        row.token.rpartition(":")[2] for row in (*iam.ROWS, *identity_policies.ROWS, *places.ROWS)
    }
    assert {name for name in table if " " not in name} - {"resource"} == kinds
    named = {word for row in table.values() for word in re.findall(r"`([\w:]+)`", row)}
    named = {word if ":" in word else f"iam:{word}" for word in named}
    assert named | {"s3:GetBucketLocation"} == actions("up") | {"iam:DeleteOpenIDConnectProvider"}


def test_preview_reads_what_up_reads_of_resources_and_writes_nothing() -> None:
    reading = {
        f"{service}:{name.partition(':')[2]}"
        for service in ("iam", "s3", "secretsmanager", "ssm")
        for level in ("Read", "List")
        for name in get_actions_with_access_level(service, level)
    }
    assert actions("preview") <= reading
    of_users = ("MFADevices", "SSHPublicKeys", "ServiceSpecificCredentials", "VirtualMFADevices")
    only_to_write = {
        *("ListInstanceProfilesForRole", "ListPolicyVersions", "ListSigningCertificates"),
        *(f"List{one}" for one in of_users),
    }
    assert actions("up") & reading == actions("preview") | {f"iam:{one}" for one in only_to_write}


def test_the_boundary_allows_what_the_words_give_and_nothing_of_iam() -> None:
    words = ("list", "read", "write", "delete")
    given = {action.name for word in words for action in ACCESS[word]}
    assert actions("boundary") == given | {"kms:Decrypt", "kms:GenerateDataKey"}


STATE = re.search(r"s3://([\w-]+)", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("action", sorted({*actions("boundary"), "s3:PutBucketPolicy", "s3:*"}))
def test_the_boundary_keeps_every_identity_out_of_the_state(action: str) -> None:
    """Also where a boundary was widened for `full`, as the page says."""
    assert STATE is not None
    wider = json.loads(json.dumps(POLICIES["boundary"]))
    wider["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    for resource in (STATE[1], f"{STATE[1]}/.pulumi/stacks/prod.json"):
        request = Request(action, f"arn:aws:s3:::{resource}", {})
        assert not decide({"boundary": wider}, request).allowed
    assert allows("boundary", "s3:PutObject", f"arn:aws:s3:::{STATE[1]}s/x")


def test_up_makes_the_provider_of_its_organization_alone_and_deletes_none() -> None:
    create, delete = (f"iam:{verb}OpenIDConnectProvider" for verb in ("Create", "Delete"))
    other = PROVIDER.replace("1f5ef4a1", "2f5ef4a1")
    assert allows("up", create, PROVIDER)
    for action in actions("up"):
        assert re.match(r"\w+:(Describe|Get|List)", action) or not allows("up", action, other)
    assert not allows("up", delete, PROVIDER)


WRITES_POLICIES = [
    f"iam:{verb}{kind}Policy" for verb in ("Put", "Attach") for kind in ("User", "Role")
]


@pytest.mark.parametrize("action", [*WRITES_POLICIES, "iam:CreateUser", "iam:CreateRole"])
def test_up_gives_nothing_to_an_identity_without_the_boundary(action: str) -> None:
    resource = resource_of(action)
    other = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert allows("up", action, resource, {"iam:PermissionsBoundary": BOUNDARY})
    assert not allows("up", action, resource)
    assert not allows("up", action, resource, other)


def test_up_changes_no_boundary_and_nothing_outside_its_path() -> None:
    reads = actions("preview")
    given: dict[str, Any] = {"iam:PermissionsBoundary": BOUNDARY}
    for action in actions("up") - reads:
        for resource in (
            *(BOUNDARY, f"{ACCOUNT}:role/admin", f"{ACCOUNT}:user/admin", f"{ACCOUNT}:policy/x"),
            *(
                f"{ACCOUNT}:role/circleci",
                f"{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
            ),
        ):
            is_read = re.match(r"\w+:(Describe|Get|List)", action) is not None
            assert is_read or not allows("up", action, resource, given), (action, resource)
    for kind in ("User", "Role"):
        assert not allows("up", f"iam:Delete{kind}PermissionsBoundary", OURS[kind.lower()], given)
