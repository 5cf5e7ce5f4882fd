"""What grants become: statements by the access words' table, merged and in canonical order."""

import json
from itertools import permutations
from typing import Any

import parliament
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.actions import ACCESS, EVERYTHING, Target, action
from components.iam.decide import Request, decide
from components.iam.document import PolicyDocument, to_json
from components.policy.layout import lay_out
from components.policy.split import INLINE
from components.settings import Role, User
from tests.unit.policy.identities import KEY, configs, identity, many


def _arns(of: User | Role, partition: str = "aws") -> dict[str, str]:
    return {grant.bucket: f"arn:{partition}:s3:::{grant.bucket}" for grant in of.grants}


def _documents(of: User | Role) -> dict[str, PolicyDocument]:
    layout = lay_out(of, "aws")
    return {key: layout.document(key, _arns(of)) for key in layout.documents}


def _statements(*grants: dict[str, Any], **more: object) -> list[dict[str, Any]]:
    of = identity({"kind": "user", "grants": list(grants), **more})
    statements: list[dict[str, Any]] = _documents(of)[INLINE]["Statement"]
    return statements


ARN = "arn:aws:s3:::acme"
WRITE = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
WIDE = {"access": ["list", "read"]}


def says(action: object, resource: object, **condition: object) -> dict[str, Any]:
    met = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": action, "Resource": resource, **met}


KMS = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
LIST = says(["s3:GetBucketLocation", "s3:ListBucket"], ARN)


@pytest.mark.parametrize(
    ("grants", "statements"),
    [
        ([{"access": ["full"]}], [{"Sid": "VisualEditor1", **says("s3:*", f"{ARN}/*")}]),
        ([{"access": ["read"]}], [says("s3:GetObject", f"{ARN}/*")]),
        ([{"access": ["write"]}], [says(WRITE, f"{ARN}/*")]),
        ([{"access": ["delete"]}], [says("s3:DeleteObject", f"{ARN}/*")]),
        ([{"access": ["list"]}], [LIST]),
        (
            [{**WIDE, "prefixes": ["b/", "a/"]}],
            [
                says("s3:GetBucketLocation", ARN),
                says("s3:GetObject", [f"{ARN}/a/*", f"{ARN}/b/*"]),
                says("s3:ListBucket", ARN, StringLike={"s3:prefix": ["a/*", "b/*"]}),
            ],
        ),
        (
            [{"access": ["read"], "kmsKey": KEY}],
            [says("kms:Decrypt", KEY, **KMS), says("s3:GetObject", f"{ARN}/*")],
        ),
        # Multipart uploads decrypt.
        (
            [{"access": ["write"], "kmsKey": KEY}],
            [says(["kms:Decrypt", "kms:GenerateDataKey"], KEY, **KMS), says(WRITE, f"{ARN}/*")],
        ),
        (
            [{"actions": ["s3:ListBucketVersions", "s3:GetBucketPolicy"], "prefixes": ["a/"]}],
            [
                says("s3:GetBucketPolicy", ARN),
                says("s3:ListBucketVersions", ARN, StringLike={"s3:prefix": "a/*"}),
            ],
        ),
        # One statement, since a Sid is unique.
        (
            [{"bucket": "acme-b", "access": ["full"]}, {"bucket": "acme-a", "access": ["full"]}],
            [{"Sid": "VisualEditor1", **says("s3:*", [f"{ARN}-a/*", f"{ARN}-b/*"])}],
        ),
        # One statement for the same actions, two for others.
        (
            [{"bucket": "acme-a", "access": ["read"]}, {"access": ["read"], "prefixes": ["x/"]}],
            [says("s3:GetObject", [f"{ARN}-a/*", f"{ARN}/x/*"])],
        ),
        (
            [
                {"access": ["read"], "prefixes": ["a/"]},
                {"access": ["delete"], "prefixes": ["b/"]},
            ],
            [says("s3:DeleteObject", f"{ARN}/b/*"), says("s3:GetObject", f"{ARN}/a/*")],
        ),
        # Grants of one place are joined.
        (
            [
                {"access": ["list"]},
                {"actions": ["s3:GetBucketPolicy", "s3:ListBucketVersions"]},
                {"access": ["write"], "kmsKey": KEY},
                {"access": ["read"]},
            ],
            [
                says(["kms:Decrypt", "kms:GenerateDataKey"], KEY, **KMS),
                says([WRITE[0], "s3:GetObject", *WRITE[1:]], f"{ARN}/*"),
                says(
                    [
                        *("s3:GetBucketLocation", "s3:GetBucketPolicy"),
                        *("s3:ListBucket", "s3:ListBucketVersions"),
                    ],
                    ARN,
                ),
            ],
        ),
        # What a wider grant covers is not said again.
        ([WIDE, {**WIDE, "prefixes": ["a/"]}], [LIST, says("s3:GetObject", f"{ARN}/*")]),
        (
            [{"access": ["full"]}, {"access": ["read"], "prefixes": ["a/"]}],
            [{"Sid": "VisualEditor1", **says("s3:*", f"{ARN}/*")}],
        ),
        # But the key, if only the narrower grant has one.
        (
            [{"access": ["read"]}, {"access": ["read"], "prefixes": ["a/"], "kmsKey": KEY}],
            [says("kms:Decrypt", KEY, **KMS), says("s3:GetObject", f"{ARN}/*")],
        ),
    ],
)
def test_grants_give_exactly_these_statements(
    grants: list[dict[str, Any]], statements: list[dict[str, Any]]
) -> None:
    assert _statements(*({"bucket": "acme", **one} for one in grants)) == statements


def test_full_is_the_console_steps_policy_to_the_letter() -> None:
    of = identity({"kind": "user", "grants": [{"bucket": "acme", "access": ["full"]}]})
    assert to_json(_documents(of)[INLINE]) == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"VisualEditor1","Effect":"Allow",'
        '"Action":"s3:*","Resource":"arn:aws:s3:::acme/*"}]}'
    )


def test_every_allow_on_s3_carries_the_source_addresses() -> None:
    """Not that on the key: S3 calls KMS, and has checked where the caller is."""
    statements = _statements(
        {"bucket": "acme", "access": ["list", "read"], "prefixes": ["a/"], "kmsKey": KEY},
        sourceIps=["2001:db8::/32", "192.0.2.0/24"],
    )
    assert statements[0]["Action"] == "kms:Decrypt"
    assert "IpAddress" not in statements[0]["Condition"]
    assert len(statements) == 4
    for statement in statements[1:]:
        assert statement["Condition"]["IpAddress"] == {
            "aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]
        }


def test_require_tls_denies_everything_else() -> None:
    statements = _statements({"bucket": "acme", "access": ["read"]}, requireTls=True)
    assert statements[-1] == {
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws", "eu-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_arns_and_kms_follow_the_buckets_partition(
    partition: str, region: str, suffix: str
) -> None:
    key = f"arn:{partition}:kms:{region}:111111111111:key/1"
    of = many("user", [{"bucket": "acme", "access": ["read"], "kmsKey": key}])
    kms, s3 = lay_out(of, partition).document(INLINE, _arns(of, partition))["Statement"]
    assert kms["Condition"]["StringEquals"]["kms:ViaService"] == f"s3.{region}.{suffix}"
    assert s3["Resource"] == f"arn:{partition}:s3:::acme/*"


@given(configs() | configs("role"))
def test_the_order_of_grants_and_words_changes_nothing(config: dict[str, Any]) -> None:
    before = _documents(identity(config))
    for grants in list(permutations(config["grants"]))[:6]:
        turned = [
            {key: value[::-1] if isinstance(value, list) else value for key, value in one.items()}
            for one in grants
        ]
        assert _documents(identity({**config, "grants": turned})) == before


@given(configs() | configs("role"))
def test_no_two_statements_of_a_document_could_be_one(config: dict[str, Any]) -> None:
    for document in _documents(identity(config)).values():
        alike = [
            json.dumps([one["Effect"], one["Action"], one.get("Condition")])
            for one in document["Statement"]
        ]
        assert len(set(alike)) == len(alike)


@given(configs() | configs("role"))
def test_documents_are_free_of_parliaments_findings(config: dict[str, Any]) -> None:
    for document in _documents(identity(config)).values():
        statements = [one for one in document["Statement"] if one["Action"] != "s3:*"]
        if not statements:
            continue
        checked = {"Version": document["Version"], "Statement": statements}
        findings = parliament.analyze_policy_string(json.dumps(checked)).findings
        assert [finding.issue for finding in findings] == []


_REQUESTED = [
    *sorted({one.name for word in ACCESS.values() for one in word} - {EVERYTHING}),
    "s3:GetObjectTagging",
    "s3:ListBucketVersions",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:PutObjectAcl",
]
_KEYS = ["builds/a", "builds/app/a", "builds-secret/a", "b/a", "builds", "releases/", "a"]


def _is_granted(of: User | Role, name: str, bucket: str, key: str) -> bool:
    """The grants' own meaning, read off the access words' table."""
    wanted = action(name)
    for grant in of.grants:
        given_to = {one.name for word in grant.access for one in ACCESS[word]} | {*grant.actions}
        is_object = wanted.target is Target.OBJECT
        holds = name in given_to or (is_object and EVERYTHING in given_to)
        bound = grant.prefixes and (is_object or wanted.knows_prefix)
        inside = not bound or key.startswith(grant.prefixes)
        if grant.bucket == bucket and holds and inside:
            return True
    return False


@given(
    configs() | configs("role"),
    st.sampled_from(_REQUESTED),
    st.sampled_from(["acme-a", "acme-b", "acme-a.logs", "acme", "acme-other"]),
    st.sampled_from(_KEYS),
)
def test_a_request_is_allowed_exactly_where_a_grant_says_so(
    config: dict[str, Any], name: str, bucket: str, key: str
) -> None:
    """Also: other buckets, sibling prefixes and other actions are not."""
    of = identity(config)
    arn = f"arn:aws:s3:::{bucket}"
    on_object = action(name).target is Target.OBJECT
    context = {"aws:SecureTransport": "true", "aws:SourceIp": "192.0.2.7"}
    if action(name).knows_prefix:
        context["s3:prefix"] = key
    request = Request(name, f"{arn}/{key}" if on_object else arn, context)
    assert decide(_documents(of), request).allowed is _is_granted(of, name, bucket, key)


@given(
    configs() | configs("role"),
    st.sampled_from(["kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"]),
    st.sampled_from(["s3.eu-west-1.amazonaws.com", "s3.us-east-1.amazonaws.com", None]),
)
def test_a_key_is_used_through_s3_only_and_as_the_grants_with_it_need(
    config: dict[str, Any], name: str, service: str | None
) -> None:
    of = identity(config)
    with_key = [grant for grant in of.grants if grant.kms_key == KEY]
    reads = any({*one.access, *one.actions} & {"read", "full", "s3:GetObject"} for one in with_key)
    writes = any({*one.access} & {"write", "full"} for one in with_key)
    needed = {"kms:Decrypt": reads or writes, "kms:GenerateDataKey": writes}
    expected = needed.get(name, False) and service == "s3.eu-west-1.amazonaws.com"
    context = {} if service is None else {"kms:ViaService": service}
    assert decide(_documents(of), Request(name, KEY, context)).allowed is expected


@given(configs(), st.sampled_from(["false", "true"]), st.sampled_from(["192.0.2.7", "192.0.3.7"]))
def test_restrictions_hold_for_every_grant(
    config: dict[str, Any], secure: str, source: str
) -> None:
    of = identity({**config, "grants": [{"bucket": "acme", "access": ["full"]}]})
    context = {"aws:SecureTransport": secure, "aws:SourceIp": source}
    request = Request("s3:GetObject", "arn:aws:s3:::acme/x", context)
    expected = (secure == "true" or not of.require_tls) and (
        source == "192.0.2.7" or not of.source_ips
    )
    assert decide(_documents(of), request).allowed is expected
