"""Which identities become config, and which are refused, with what reason and which statement."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.circleci.subject import ANY_UUID
from components.iam.difference import difference
from components.iam.document import PolicyDocument
from components.iam.rules import rules
from components.policy.layout import INLINE_NAME
from components.policy.trust import provider_arn, trust_document
from components.settings import Trust
from rollout.adopting.candidate import Candidate, candidate
from rollout.adopting.grants import is_met
from rollout.adopting.imports import import_spec, replaced
from rollout.adopting.trust import jobs
from rollout.deployed.model import DeployedRole, DeployedUser

ACCOUNT: Final = "111111111111"
BUCKET: Final = "arn:aws:s3:::acme"
OBJECTS: Final = f"{BUCKET}/*"
ORGANIZATION: Final = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT: Final = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"
ISSUER: Final = f"oidc.circleci.com/org/{ORGANIZATION}"
KEY: Final = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0a1b"
VIA_S3: Final = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
BOUNDARY: Final = f"arn:aws:iam::{ACCOUNT}:policy/most"
READ_ONLY: Final = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def allow(actions: Any, resources: Any, condition: Any = None, **more: Any) -> dict[str, Any]:
    tests = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **tests, **more}


def deny(actions: Any, resources: Any, condition: Any = None) -> dict[str, Any]:
    return {**allow(actions, resources, condition), "Effect": "Deny"}


def policy(*statements: Any) -> PolicyDocument:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def user(*statements: Any, **more: Any) -> DeployedUser:
    """A user with a policy for each statement."""
    inline = {f"p{number}": policy(one) for number, one in enumerate(statements)}
    return DeployedUser(name="ci", arn=f"arn:aws:iam::{ACCOUNT}:user/ci", inline=inline, **more)


def role(
    subject: str | list[str], *, audience: bool = True, operator: str = "StringLike", **more: Any
) -> DeployedRole:
    tests: dict[str, Any] = {operator: {f"{ISSUER}:sub": subject}}
    if audience:
        tests.setdefault("StringEquals", {})[f"{ISSUER}:aud"] = ORGANIZATION
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn("aws", ACCOUNT, ORGANIZATION)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": tests,
    }
    more = {"trust": policy(statement), "inline": {"p": policy(CONSOLE)}, **more}
    return DeployedRole(name="ci", arn=f"arn:aws:iam::{ACCOUNT}:role/ci", **more)


CONSOLE: Final = allow("s3:*", OBJECTS, Sid="VisualEditor1")
TLS_ONLY: Final = deny("s3:*", "*", {"Bool": {"aws:SecureTransport": "false"}})
SUBJECT: Final = f"org/{ORGANIZATION}/project/{PROJECT}/user"
MAIN: Final = "vcs-origin/github.com/acme/app/vcs-ref/refs/heads/main"
LISTED: Final = allow("s3:ListBucket", BUCKET, {"StringLike": {"s3:prefix": ["b/*", "b/"]}})
FULL: Final = {"bucket": "acme", "access": ["full"]}
OF_ROLE: Final = {"organization": ORGANIZATION, "projects": [PROJECT]}


@dataclass(frozen=True)
class Shape:
    """An identity as it is, and its config as it should be, without kind."""

    deployed: DeployedUser | DeployedRole
    config: Mapping[str, Any] = field(default_factory=dict)


ADOPTED: Final = {
    "console": Shape(user(CONSOLE), {"grants": [FULL]}),
    "split policies": Shape(
        user(
            allow(["s3:ListBucket", "s3:GetBucketLocation"], BUCKET),
            allow("s3:getobject", OBJECTS),
            allow(
                ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], OBJECTS
            ),
        ),
        {"grants": [{"bucket": "acme", "access": ["list", "read", "write"]}]},
    ),
    "each action with each resource": Shape(
        user(allow(["s3:ListBucket", "s3:GetObject"], [BUCKET, OBJECTS])),
        {"grants": [{"bucket": "acme", "access": ["read"], "actions": ["s3:ListBucket"]}]},
    ),
    "a statement that another covers": Shape(
        user(CONSOLE, allow("s3:Get*", f"{BUCKET}/x")), {"grants": [FULL]}
    ),
    "prefixes": Shape(
        user(LISTED, allow("s3:GetObject", [f"{BUCKET}/b/*", f"{BUCKET}/a/*"])),
        {
            "grants": [
                {"bucket": "acme", "access": ["read"], "prefixes": ["a/"]},
                {
                    "bucket": "acme",
                    "access": ["read"],
                    "actions": ["s3:ListBucket"],
                    "prefixes": ["b/"],
                },
            ]
        },
    ),
    "full beside an action on the bucket": Shape(
        user(CONSOLE, allow("s3:ListBucketVersions", BUCKET)),
        {"grants": [FULL, {"bucket": "acme", "actions": ["s3:ListBucketVersions"]}]},
    ),
    "a key": Shape(
        user(allow("s3:GetObject", OBJECTS), allow("kms:Decrypt", KEY, VIA_S3)),
        {"grants": [{"bucket": "acme", "access": ["read"], "kmsKey": KEY}]},
    ),
    "TLS and addresses": Shape(
        user(allow("s3:*", OBJECTS, {"IpAddress": {"aws:SourceIp": "192.0.2.7"}}), TLS_ONLY),
        {"grants": [FULL], "requireTls": True, "sourceIps": ["192.0.2.7/32"]},
    ),
    "boundary, path and tags": Shape(
        user(CONSOLE, boundary=BOUNDARY, path="/ci/", tags={"team": "web"}),
        {
            "grants": [FULL],
            "path": "/ci/",
            "permissionsBoundary": BOUNDARY,
            "tags": {"team": "web"},
        },
    ),
    "an attached policy of the account": Shape(
        user(attached={f"arn:aws:iam::{ACCOUNT}:policy/hand": policy(CONSOLE)}),
        {"grants": [FULL]},
    ),
    "trust of CircleCI's page": Shape(
        role(f"{SUBJECT}/*", max_session_seconds=7_200),
        {"trust": OF_ROLE, "maxSessionSeconds": 7_200, "grants": [FULL]},
    ),
    "trust in a branch": Shape(
        role(f"{SUBJECT}/{ANY_UUID}/{MAIN}"),
        {
            "trust": {
                **OF_ROLE,
                "origins": ["github.com/acme/app"],
                "refs": ["refs/heads/main"],
            },
            "grants": [FULL],
        },
    ),
    "trust in any project": Shape(
        role(f"org/{ORGANIZATION}/project/{ANY_UUID}/user/*"),
        {"trust": {"organization": ORGANIZATION, "projects": ["*"]}, "grants": [FULL]},
    ),
}


@pytest.mark.parametrize("shape", ADOPTED.values(), ids=ADOPTED)
def test_an_identity_becomes_config_that_allows_the_same(shape: Shape) -> None:
    found = candidate(shape.deployed)
    assert found.reasons == ()
    assert found.config == {"kind": found.kind, **shape.config}
    held = {**shape.deployed.inline, **{k: v or {} for k, v in shape.deployed.attached.items()}}
    assert not difference(frozenset(filter(is_met, rules(held))), rules(found.documents))
    if isinstance(shape.deployed, DeployedRole):
        trust = Trust.model_validate(shape.config["trust"])
        built = trust_document(trust, provider_arn("aws", ACCOUNT, ORGANIZATION))
        assert not difference(jobs(shape.deployed.trust), jobs(built))


def test_the_console_s_statement_is_written_to_the_letter() -> None:
    assert candidate(user(CONSOLE)).documents == {INLINE_NAME: policy(CONSOLE)}


REFUSED: Final = {
    "another service": (user(CONSOLE, allow("ec2:*", "*")), "is not an S3 action", "p1"),
    "s3:* on the bucket too": (user(allow("s3:*", [BUCKET, OBJECTS])), "bucket itself", "p0"),
    "a wildcard": (user(allow("s3:Get*", OBJECTS)), "name each action: s3:GetB", "p0"),
    "NotAction": (
        user({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        "NotAction allows all but",
        "p0",
    ),
    "NotResource": (
        user({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": BUCKET}),
        "NotResource allows all but",
        "p0",
    ),
    "a condition without a word": (
        user(allow("s3:*", OBJECTS, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        "the condition that aws:PrincipalOrgID is o-1: the config has no word",
        "p0",
    ),
    "TLS as an Allow": (
        user(allow("s3:*", OBJECTS, {"Bool": {"aws:SecureTransport": "true"}})),
        "requireTls: true says it as a Deny",
        "p0",
    ),
    "Deny": (user(CONSOLE, deny("s3:DeleteObject", OBJECTS)), "a Deny, which", "p1"),
    "addresses of one statement alone": (
        user(
            allow("s3:GetObject", OBJECTS, {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            allow("s3:PutObject", OBJECTS),
        ),
        "as grants it loses s3:PutObject on acme/*",
        "",
    ),
    "a key without S3": (user(CONSOLE, allow("kms:Decrypt", KEY)), "without kms:ViaService", "p1"),
    "a key that no grant needs": (
        user(allow("s3:GetObject", OBJECTS), allow("kms:GenerateDataKey", KEY, VIA_S3)),
        "which no grant needs",
        "",
    ),
    "many buckets": (user(allow("s3:GetObject", f"{BUCKET}-*/*")), "a grant names one", "p0"),
    "one object": (user(allow("s3:GetObject", f"{BUCKET}/x")), "'x' is one object", "p0"),
    "a strange prefix": (user(allow("s3:GetObject", f"{BUCKET}/€/*")), "IAM refuses", "p0"),
    "an open prefix": (user(allow("s3:GetObject", f"{BUCKET}/x*")), "ends in /", "p0"),
    "a listing of one name": (
        user(allow("s3:ListBucket", BUCKET, {"StringEquals": {"s3:prefix": "b/"}})),
        "s3:prefix is 'b/'",
        "p0",
    ),
    "another partition": (user(allow("s3:*", "arn:aws-cn:s3:::acme/*")), "in aws", "p0"),
    "a policy that IAM would refuse": (user({"Effect": "Allow"}), "needs either Action", "p0"),
    "AWS's own policy": (
        user(attached={READ_ONLY: policy(allow(["s3:Get*", "s3:List*"], "*"))}),
        "'s3:Get*' is a wildcard",
        READ_ONLY,
    ),
    "an unread policy": (user(CONSOLE, attached={READ_ONLY: None}), "can't be read", ""),
    "a group": (user(CONSOLE, groups=("people",)), "the group people", ""),
    "a login": (user(CONSOLE, has_console_password=True), "a console password", ""),
    "nothing": (user(), "allow nothing", ""),
    "no room beside the old": (
        user(allow("s3:GetObject", f"{BUCKET}/{'x' * 1_000}/*")),
        "characters together",
        "",
    ),
    "V1 tokens of a user alone": (
        role(f"{SUBJECT}/{PROJECT}"),
        "trust: also any ref of any origin",
        "trust policy",
    ),
    "any project by *": (role(f"org/{ORGANIZATION}/project/*/user/*"), "* also", "trust policy"),
    "any user before a ref": (role(f"{SUBJECT}/*/{MAIN}"), "* also matches /", "trust policy"),
    "wildcards that are compared as a text": (
        role(f"{SUBJECT}/{ANY_UUID}", operator="StringEquals"),
        "right is",
        "trust policy",
    ),
    "no audience": (role(f"{SUBJECT}/*", audience=False), "no audience", "trust policy"),
    "a service": (
        role(
            "",
            trust=policy(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ),
        ),
        "which is not CircleCI",
        "trust policy",
    ),
}


@pytest.mark.parametrize(("deployed", "words", "place"), REFUSED.values(), ids=REFUSED)
def test_what_the_config_can_not_say_is_refused_with_its_statement(
    deployed: DeployedUser | DeployedRole, words: str, place: str
) -> None:
    found = candidate(deployed)
    (reason,) = [one for one in found.reasons if words in one.text]
    assert reason.place.startswith(place)
    assert bool(reason.place) is bool(place)
    assert (reason.statement is None) is not bool(place)


ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:*", "s3:Get*"]
RESOURCES = [BUCKET, OBJECTS, f"{BUCKET}/a/*", f"{BUCKET}/a/b/*", "arn:aws:s3:::other/*"]
TESTS = [None, {"StringLike": {"s3:prefix": "a/*"}}, {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}]
STATEMENTS = st.builds(
    allow,
    st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=3, unique=True),
    st.sampled_from(TESTS),
)


@given(st.lists(STATEMENTS, min_size=1, max_size=4))
def test_whatever_is_adopted_allows_the_same(statements: list[Any]) -> None:
    found = candidate(user(*statements))
    if not found.reasons:
        held = rules({"all": policy(*statements)})
        assert not difference(frozenset(filter(is_met, held)), rules(found.documents))


def spec(found: Candidate, *listed: dict[str, Any]) -> dict[str, Any]:
    return import_spec({"resources": [*listed]}, [found], "dev", "circleci-s3-access")


def test_an_inline_policy_with_the_name_of_a_managed_one_is_replaced_too() -> None:
    name = "ci-user-s3-access-0"
    found = candidate(replace(user(), inline={name: policy(CONSOLE)}))
    assert replaced(replace(found, documents={name: policy(CONSOLE)})) == ([name], [])


def test_what_is_there_is_imported_by_the_program_s_names_and_the_rest_beside_it() -> None:
    hand = f"arn:aws:iam::{ACCOUNT}:policy/team/hand"
    found = candidate(
        DeployedUser(
            name="ci",
            arn=f"arn:aws:iam::{ACCOUNT}:user/ci",
            inline={INLINE_NAME: policy(CONSOLE), "old": policy(CONSOLE)},
            attached={hand: policy(CONSOLE)},
        )
    )
    assert replaced(found) == (["old"], [hand])
    component = {"type": "circleci-s3-access:index:User", "name": "ci", "component": True}
    listed: list[dict[str, Any]] = [
        component,
        {"type": "aws:iam/user:User", "name": "ci-user", "parent": "ci"},
        {"type": "aws:iam/userPolicy:UserPolicy", "name": "ci-inline", "parent": "ci"},
        {"type": "aws:iam/accessKey:AccessKey", "name": "ci-key-1", "parent": "ci"},
        {"type": "aws:iam/user:User", "name": "other-user", "parent": "other"},
    ]
    made = spec(found, *listed)
    assert {one["name"]: one.get("id") for one in made["resources"]} == {
        "ci": None,
        "ci-user": "ci",
        "ci-inline": "ci:s3-access",
        "ci-adopted-old": "ci:old",
        f"ci-adopted-{ACCOUNT}-policy/team/hand": f"ci/{hand}",
    }
    assert made["nameTable"] == {}
    # The component is in the state already.
    urn = "urn:pulumi:dev::circleci-s3-access::circleci-s3-access:index:User::ci"
    assert spec(found)["nameTable"] == {"ci": urn}
