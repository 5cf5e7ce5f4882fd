"""Changes of access in words and as JSON."""

import json
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from rollout.access.diff import Access, IdentityDiff, MadeAnew, access_json, identity_diff
from tests.unit.rollout.diffs import sentences, stack_diff

Statement = dict[str, Any]
S3 = "arn:aws:s3:::"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/k"
PAIR = ["s3:PutObject", "s3:GetObject"]


BOTH = frozenset({"a", "b"})


def user(*statements: Statement, **more: Any) -> Access:
    return Access("user", {"inline": document(*statements)}, **more)


def document(*statements: Statement) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    actions: str | list[str], *resources: str, when: Mapping[str, object] | None = None
) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    return statement if when is None else {**statement, "Condition": when}


def deploy(**more: Any) -> Access:
    return Access("role", trust=document(), **more)


def listing(*prefixes: str) -> Statement:
    return allow("s3:ListBucket", f"{S3}acme", when={"StringLike": {"s3:prefix": list(prefixes)}})


def from_(*ips: str) -> dict[str, object]:
    return {"IpAddress": {"aws:SourceIp": list(ips)}}


TLS_ONLY = {
    "Effect": "Deny",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

CHANGES: list[tuple[Access | None, Access | None, list[str]]] = [
    (
        user(allow("s3:GetObject", f"{S3}acme-site/releases/*")),
        user(allow(["s3:GetObject", "s3:DeleteObject"], f"{S3}acme-site/releases/*")),
        ["gains s3:DeleteObject on acme-site/releases/* (WIDER)"],
    ),
    (
        user(allow(PAIR, f"{S3}acme/builds/*")),
        user(allow(PAIR, f"{S3}acme/*")),
        ["gains s3:GetObject, s3:PutObject on acme/*, before only on acme/builds/* (WIDER)"],
    ),
    (
        user(allow(PAIR, f"{S3}acme/*")),
        user(allow(PAIR, f"{S3}acme/logs/*", f"{S3}acme/builds/*")),
        [
            (
                "loses s3:GetObject, s3:PutObject on acme/*, "
                "keeps it on acme/builds/*, acme/logs/* (NARROWER)"
            )
        ],
    ),
    (
        user(allow("s3:*", "*")),
        user(allow("s3:GetObject", f"{S3}a/*")),
        ["loses s3:* on everything, keeps s3:GetObject on a/* (NARROWER)"],
    ),
    (
        user(allow("s3:GetObject", f"{S3}a/*"), allow("s3:PutObject", f"{S3}a/x/*")),
        user(allow("s3:*", f"{S3}a/*")),
        ["gains s3:* on a/*, before only s3:GetObject, s3:PutObject on a/x/* (WIDER)"],
    ),
    (
        user(listing("a/*")),
        user(listing("b/*", "a/*", "")),
        ['gains s3:ListBucket on acme where s3:prefix is "" or b/* (WIDER)'],
    ),
    (
        user(listing("a/*", "b/*")),
        user(allow("s3:ListBucket", f"{S3}acme")),
        ["gains s3:ListBucket on acme, before only where s3:prefix is a/* or b/* (WIDER)"],
    ),
    (
        user(allow("s3:ListBucket", f"{S3}acme")),
        user(listing("a/*", "b/*")),
        ["loses s3:ListBucket on acme, keeps it where s3:prefix is a/* or b/* (NARROWER)"],
    ),
    (
        user(allow(PAIR, f"{S3}a/*", f"{S3}b/*")),
        user(allow(PAIR, f"{S3}a/*", f"{S3}b/*", when=from_("10.0.0.0/8", "192.0.2.0/24"))),
        [
            (
                "loses s3:GetObject, s3:PutObject on a/*, b/*, "
                "keeps it where aws:SourceIp is in 10.0.0.0/8 or 192.0.2.0/24 (NARROWER)"
            )
        ],
    ),
    (
        user(allow(PAIR, f"{S3}a/*", when=from_("10.0.0.0/8", "192.0.2.0/24"))),
        user(allow(PAIR, f"{S3}a/*", when=from_("10.0.0.0/8"))),
        [
            (
                "loses s3:GetObject, s3:PutObject on a/* "
                "where aws:SourceIp is in 192.0.2.0/24 (NARROWER)"
            )
        ],
    ),
    (
        user(),
        user(TLS_ONLY),
        ["is now denied s3:* on everything where aws:SecureTransport is false (NARROWER)"],
    ),
    (
        user({"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{S3}a/*"}),
        user({"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{S3}*"}),
        ["is now denied s3:GetObject on *, before only on a/* (NARROWER)"],
    ),
    (
        user(TLS_ONLY),
        user(),
        ["is no longer denied s3:* on everything where aws:SecureTransport is false (WIDER)"],
    ),
    (
        user(),
        user({"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{S3}acme"}),
        ["gains every action but iam:* on everything but acme (WIDER)"],
    ),
    (
        user(),
        user(
            allow("kms:Decrypt", KEY, when={"StringEquals": {"kms:ViaService": "s3.x"}}),
            allow("a:b", "*", when={"Null": {"k": "true"}, "StringNotLikeIfExists": {"l": "x*"}}),
            allow("c:d", "*", when={"ForAllValues:StringLike": {"aws:TagKeys": ["a*", "b"]}}),
            allow("e:f", "*", when={"BoolIfExists": {"k": True}, "NumericLessThan": {"n": 5}}),
        ),
        [
            "gains a:b on everything where k is missing and l is not x* (WIDER)",
            "gains c:d on everything where aws:TagKeys ForAllValues:StringLike a* or b (WIDER)",
            (
                "gains e:f on everything where k is true if it is there "
                "and n NumericLessThan 5 (WIDER)"
            ),
            f"gains kms:Decrypt on {KEY} where kms:ViaService is s3.x (WIDER)",
        ],
    ),
    (
        user(),
        user(
            allow("a:b", "*", when={"StringLike": {"k": ["x*", "y*"]}, "StringEquals": {"k": "1"}}),
            allow("c:d", "*", when={"StringNotLike": {"k": ["x*", "y*"]}}),
            allow("e:f", "*", when={"StringNotLike": {"k": "x*"}}),
            allow("e:f", "*", when={"StringNotLike": {"k": "z*"}}),
        ),
        [
            "gains a:b on everything where k is 1 and k is x* (WIDER)",
            "gains a:b on everything where k is 1 and k is y* (WIDER)",
            "gains c:d on everything where k is not x* and k is not y* (WIDER)",
            "gains e:f on everything where k is not x* (WIDER)",
            "gains e:f on everything where k is not z* (WIDER)",
        ],
    ),
    (user(boundary="arn:b1"), user(), ["is no longer bounded by arn:b1 (WIDER)"]),
    (user(), user(boundary="arn:b1"), ["is bounded by arn:b1 (NARROWER)"]),
    (
        user(boundary="arn:b1"),
        user(boundary="arn:b2"),
        ["is bounded by arn:b2, no longer by arn:b1 (WIDER)"],
    ),
    (
        user(access_keys=frozenset({"2026-05", "2026-11"})),
        user(access_keys=frozenset({"2026-11", "2027-05"})),
        ["gets access key 2027-05", "loses access key 2026-05"],
    ),
    (
        None,
        user(allow("s3:GetObject", f"{S3}a/*"), access_keys=frozenset({"k"}), boundary="arn:b"),
        [
            "is a new user",
            "gains s3:GetObject on a/* (WIDER)",
            "is bounded by arn:b",
            "gets access key k",
        ],
    ),
    (
        user(allow("s3:GetObject", f"{S3}a/*"), boundary="arn:b"),
        None,
        ["was a user and is removed (BREAKS)", "loses s3:GetObject on a/* (NARROWER)"],
    ),
    (
        user(allow("s3:GetObject", f"{S3}a/*")),
        Access("role", {"inline": document(allow("s3:GetObject", f"{S3}a/*"))}, trust=document()),
        ["is replaced, a user becomes a role: its ARN is new (BREAKS)"],
    ),
    (
        user(allow("s3:GetObject", f"{S3}a/*")),
        user(),
        [
            "loses all the access that it had (BREAKS)",
            "loses s3:GetObject on a/* (NARROWER)",
        ],
    ),
    (
        user(allow(PAIR, f"{S3}a/*"), listing("x/*")),
        user(allow(PAIR, f"{S3}b/*"), listing("y/*")),
        [
            "loses all the access that it had (BREAKS)",
            "gains s3:GetObject, s3:PutObject on b/* (WIDER)",
            "gains s3:ListBucket on acme where s3:prefix is y/* (WIDER)",
            "loses s3:GetObject, s3:PutObject on a/* (NARROWER)",
            "loses s3:ListBucket on acme where s3:prefix is x/* (NARROWER)",
        ],
    ),
    (
        user(allow("s3:GetObject", f"{S3}a/*", when=from_("10.0.0.0/8"))),
        user(allow("s3:GetObject", f"{S3}a/*", when=from_("192.0.2.0/24"))),
        [
            "loses all the access that it had (BREAKS)",
            "gains s3:GetObject on a/* where aws:SourceIp is in 192.0.2.0/24 (WIDER)",
            "loses s3:GetObject on a/* where aws:SourceIp is in 10.0.0.0/8 (NARROWER)",
        ],
    ),
    (
        user(allow("s3:Get*", f"{S3}a/*"), TLS_ONLY),
        user(allow("s3:*Object", f"{S3}a/*")),
        [
            "gains s3:*Object on a/* (WIDER)",
            "is no longer denied s3:* on everything where aws:SecureTransport is false (WIDER)",
            "loses s3:Get* on a/* (NARROWER)",
        ],
    ),
    (
        user(allow("s3:GetObject", f"{S3}a/*")),
        user(elsewhere=frozenset({"arn:p"})),
        [
            "loses s3:GetObject on a/* (NARROWER)",
            "also gets the policy arn:p, which this stack doesn't make (WIDER)",
        ],
    ),
    (
        user(path="/"),
        user(path="/ci/"),
        ["gets another ARN: its path is /ci/, before / (BREAKS)"],
    ),
    (
        user(access_keys=frozenset({"2026-11"})),
        user(access_keys=frozenset({"2026-12"})),
        [
            "loses access key 2026-11, and no other key stays (BREAKS)",
            "gets access key 2026-12",
        ],
    ),
    (
        user(access_keys=frozenset({"2026-11"})),
        user(),
        ["loses access key 2026-11, and no other key stays (BREAKS)"],
    ),
    (
        user(access_keys=BOTH),
        user(access_keys=BOTH, inactive_keys=frozenset({"a"})),
        ["access key a becomes inactive"],
    ),
    (
        user(access_keys=BOTH, inactive_keys=frozenset({"b"})),
        user(access_keys=BOTH, inactive_keys=BOTH),
        ["access key a becomes inactive, and no other key is active (BREAKS)"],
    ),
    (
        user(access_keys=BOTH, inactive_keys=frozenset({"a"})),
        user(access_keys=BOTH),
        ["access key a becomes active again"],
    ),
    (
        user(access_keys=BOTH, inactive_keys=frozenset({"a"})),
        user(access_keys=frozenset({"b"})),
        ["loses access key a"],
    ),
    (
        user(access_keys=frozenset({"a"})),
        user(access_keys=BOTH, inactive_keys=frozenset({"b"})),
        ["gets access key b, inactive"],
    ),
    (
        deploy(),
        deploy(session_seconds=43_200),
        ["may be assumed for 43,200 seconds at a time, before 3,600 (WIDER)"],
    ),
    (
        deploy(session_seconds=43_200),
        deploy(session_seconds=7_200),
        ["may be assumed for 7,200 seconds at a time, before 43,200 (NARROWER)"],
    ),
    (
        user(tags={"team": "b", "cost": "1", "same": "x"}),
        user(tags={"team": "a", "env": "prod", "same": "x"}),
        [
            (
                "tags: cost is unset, before '1'; env is 'prod', before unset; "
                "team is 'a', before 'b': "
                "policies that test aws:PrincipalTag may allow more (WIDER)"
            )
        ],
    ),
    (None, deploy(session_seconds=43_200, tags={"a": "b"}), ["is a new role"]),
]


@pytest.mark.parametrize(("before", "after", "expected"), CHANGES)
def test_changes_in_words(before: Access | None, after: Access | None, expected: list[str]) -> None:
    assert said(before, after) == [f"ci {text}" for text in expected]


def said(before: Access | None, after: Access | None) -> list[str]:
    was, now = ({} if one is None else {"ci": one} for one in (before, after))
    return sentences(stack_diff(was, now))


def test_what_changed_travels_to_another_process() -> None:
    """A worker sends it to the rollout."""
    for before, after, _ in CHANGES:
        found = identity_diff("ci", before, after)
        arrived = pickle.loads(pickle.dumps(found))  # noqa: S301 - its own
        assert arrived == found
        assert arrived.to_json() == found.to_json()


@pytest.mark.parametrize(
    "access", [access for before, after, _ in CHANGES for access in (before, after) if access]
)
def test_nothing_is_said_where_nothing_changes(access: Access) -> None:
    assert stack_diff({"ci": access}, {"ci": access}) == ()


def test_the_same_access_in_other_documents_says_nothing() -> None:
    before = user(allow(PAIR, f"{S3}a/*", f"{S3}b/*"), listing("a/*", "b/*"))
    documents = {
        "managed-1": document(allow("s3:PutObject", f"{S3}b/*", f"{S3}a/*"), listing("b/*")),
        "managed-2": document(listing("a/*"), allow("s3:GetObject", f"{S3}a/*", f"{S3}a/x/*")),
        "inline": document(allow("s3:getobject", f"{S3}b/*")),
    }
    assert said(before, Access("user", documents)) == []


def test_a_replaced_identity_is_named_though_its_access_stays() -> None:
    access = user(allow("s3:GetObject", f"{S3}a/*"), access_keys=frozenset({"k"}))
    anew = MadeAnew(identity=True, gap=True, keys=frozenset({"k"}))
    diff = stack_diff({"ci": access}, {"ci": access}, anew)
    assert sentences(diff) == [
        "ci is replaced: access is gone for a while and its keys are new (BREAKS)"
    ]
    assert counts(diff) == (1, 0, 0)


def test_a_replaced_role_of_another_path_has_a_new_arn() -> None:
    anew = MadeAnew(identity=True, gap=True)
    diff = stack_diff({"ci": deploy()}, {"ci": deploy(path="/ci/")}, anew)
    assert sentences(diff) == [
        "ci is replaced: access is gone for a while and its ARN is new (BREAKS)"
    ]


def test_a_key_and_a_policy_that_the_engine_makes_anew_break_jobs() -> None:
    access = user(allow("s3:GetObject", f"{S3}a/*"), access_keys=frozenset({"a", "b"}))
    anew = MadeAnew(keys=frozenset({"b"}), policies=frozenset({"inline"}))
    diff = stack_diff({"ci": access}, {"ci": access}, anew)
    assert sentences(diff) == [
        (
            "ci policy inline is deleted and created again: "
            "what it allows is missing for a while (BREAKS)"
        ),
        "ci gets a new access key b: the old one no longer works (BREAKS)",
    ]
    assert diff[0].to_json()["accessKeys"]["replaced"] == ["b"]


def counts(diff: tuple[IdentityDiff, ...]) -> tuple[int, ...]:
    told = access_json("prod", diff)
    return tuple(told[verdict] for verdict in ("breaks", "wider", "narrower"))


def test_identities_come_by_name_and_only_those_that_change() -> None:
    same, more = user(), user(allow("s3:GetObject", f"{S3}a/*"))
    diff = stack_diff({"b": same, "a": same, "c": same}, {"b": more, "a": more, "c": same})
    assert [one.name for one in diff] == ["a", "b"]
    assert counts(diff) == (0, 2, 0)


def test_a_document_that_cannot_be_read_counts_as_wider_and_hides_nothing_else() -> None:
    strange = user(allow("s3:*", "*", when={"BinaryEquals": {"k": "QQ=="}}), boundary="arn:b")
    assert said(strange, user()) == [
        (
            "ci has a policy that cannot be compared: inline: Statement[0].Condition: "
            "'BinaryEquals' is not a supported condition operator (WIDER)"
        ),
        "ci is no longer bounded by arn:b (WIDER)",
    ]


def test_the_json_says_what_happens_to_an_identity_as_a_whole() -> None:
    one, other = user(allow("a:b", "c")), user(allow("a:b", "d"))
    diffs = {
        "created": identity_diff("ci", None, one),
        "removed": identity_diff("ci", one, None),
        "replaced": identity_diff("ci", one, one, MadeAnew(identity=True)),
        "changed": identity_diff("ci", one, other),
    }
    assert [diff.to_json()["change"] for diff in diffs.values()] == list(diffs)


def test_an_identity_that_is_never_there_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="ci is there neither before nor after"):
        identity_diff("ci", None, None)


def test_the_json_has_the_schema_that_its_module_tells() -> None:
    before = user(listing("a/*"), access_keys=frozenset({"2026-05"}), boundary="arn:b1")
    after = user(
        allow("s3:ListBucket", f"{S3}acme"),
        allow("s3:PutObject", f"{S3}acme/*"),
        access_keys=frozenset({"2026-11"}),
        boundary="arn:b1",
    )
    nothing: dict[str, list[object]] = {"gained": [], "lost": [], "absorbed": [], "kept": []}
    held = {"effect": "Allow", "action": {"values": ["s3:ListBucket"], "allBut": False}}
    on_bucket = {**held, "resource": {"values": [f"{S3}acme"], "allBut": False}}
    put = {
        "effect": "Allow",
        "action": {"values": ["s3:PutObject"], "allBut": False},
        "resource": {"values": [f"{S3}acme/*"], "allBut": False},
        "conditions": [],
    }
    prefix = {"operator": "StringLike", "key": "s3:prefix", "values": ["a/*"]}
    assert json.loads(
        json.dumps(access_json("prod", stack_diff({"ci": before}, {"ci": after})))
    ) == {
        "version": 1,
        "stack": "prod",
        "breaks": 1,
        "wider": 2,
        "narrower": 0,
        "replaced": 0,
        "identities": [
            {
                "name": "ci",
                "kind": "user",
                "change": "changed",
                "lines": [
                    {
                        "verdict": "breaks",
                        "text": "loses access key 2026-05, and no other key stays",
                    },
                    {
                        "verdict": "wider",
                        "text": "gains s3:ListBucket on acme, before only where s3:prefix is a/*",
                    },
                    {"verdict": "wider", "text": "gains s3:PutObject on acme/*"},
                    {"verdict": "none", "text": "gets access key 2026-11"},
                ],
                "permissions": {
                    **nothing,
                    "gained": [{**on_bucket, "conditions": []}, put],
                    "absorbed": [{**on_bucket, "conditions": [prefix]}],
                },
                "trust": nothing,
                "accessKeys": {"added": ["2026-11"], "removed": ["2026-05"], "replaced": []},
                "permissionsBoundary": {"before": "arn:b1", "after": "arn:b1"},
            }
        ],
    }
