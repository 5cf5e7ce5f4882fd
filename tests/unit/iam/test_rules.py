"""Permissions taken out of documents, and which lie inside others; judged by the evaluator."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.iam.cover import Covering, covers, may_meet, reduced
from components.iam.decide import Request, decide
from components.iam.difference import Difference, difference
from components.iam.document import Effect
from components.iam.rules import Rule, rules

# No deadline: the machine may be busy.
SOME = settings(deadline=None)
MANY = settings(deadline=None, max_examples=300)

Document = dict[str, Any]
Statement = dict[str, Any]


def document(*statements: Mapping[str, object], version: str = "2012-10-17") -> Document:
    return {"Version": version, "Statement": list(statements)}


def rendered(some: frozenset[Rule]) -> Document:
    """Permissions written as statements again, as the diff's JSON has them."""
    return document(*(_statement(one) for one in some))


def _statement(rule: Rule) -> Statement:
    told = rule.to_json()
    statement: Statement = {"Effect": told["effect"], "Condition": {}}
    for element in ("Action", "Resource"):
        choice = told[element.lower()]
        name = f"Not{element}" if choice["allBut"] else element
        statement[name] = choice["values"]
    for number, test in enumerate(told["conditions"]):
        # One operator may test a key several times, under spellings of it: keys have no case.
        key = "".join(
            letter.swapcase() if number >> place & 1 else letter
            for place, letter in enumerate(reversed(test["key"]))
        )
        statement["Condition"].setdefault(test["operator"], {})[key[::-1]] = test["values"]
    return statement


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:Get*", "S3:getobject", "s3:*", "*"])
RESOURCES = st.sampled_from(
    [
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/x/*",
        "arn:aws:s3:::b/x/y",
        "arn:aws:s3:::?/x/y",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:s3:::*",
        "*",
    ]
)
PREFIXES = st.lists(
    st.sampled_from(["x/*", "y/*", "x/1", "", "*", "${aws:username}*"]), min_size=1, max_size=3
)
OPERATORS = st.sampled_from(
    [
        "StringLike",
        "StringEquals",
        "StringNotLike",
        "StringNotEquals",
        "StringLikeIfExists",
        "StringNotLikeIfExists",
        "ForAnyValue:StringLike",
        "ForAllValues:StringLike",
        "ForAnyValue:StringNotLike",
        "ForAllValues:StringNotEquals",
    ]
)
IPS = st.lists(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"]), min_size=1, max_size=2)
CONDITIONS = st.one_of(
    st.just({}),
    st.dictionaries(OPERATORS, st.fixed_dictionaries({"s3:prefix": PREFIXES}), max_size=2),
    st.builds(lambda ips: {"IpAddress": {"aws:SourceIp": ips}}, IPS),
    st.builds(lambda ips: {"NotIpAddress": {"aws:SourceIp": ips}}, IPS),
    st.sampled_from([{"Null": {"s3:prefix": "true"}}, {"Bool": {"aws:SecureTransport": False}}]),
)
STATEMENTS = st.builds(
    lambda effect, action, actions, resource, resources, condition: {
        "Effect": effect,
        action: actions,
        resource: resources,
        "Condition": condition,
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["Action", "Action", "NotAction"]),
    st.lists(ACTIONS, min_size=1, max_size=2),
    st.sampled_from(["Resource", "Resource", "NotResource"]),
    st.lists(RESOURCES, min_size=1, max_size=2),
    CONDITIONS,
)
DOCUMENTS = st.builds(
    lambda some, version: document(*some, version=version),
    st.lists(STATEMENTS, max_size=4),
    st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
)
REQUESTS = st.builds(
    Request,
    st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"]),
    st.sampled_from(
        [
            "arn:aws:s3:::b/x/y",
            "arn:aws:s3:::b/x/z",
            "arn:aws:s3:::b/bob/z",
            "arn:aws:s3:::c/x/y",
            "arn:aws:s3:::b/${aws:username}/z",
        ]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "s3:prefix": st.sampled_from(["x/1", "y/1", "", "bob", ["x/1", "y/1"], []]),
            "aws:username": st.sampled_from(["bob", "x"]),
            "aws:SourceIp": st.sampled_from(["10.1.2.3", "10.2.2.3", "192.0.2.1"]),
            "aws:SecureTransport": st.sampled_from(["true", "false"]),
        },
    ),
)


@given(DOCUMENTS, REQUESTS)
@MANY
def test_permissions_decide_as_the_document_they_come_from(
    policy: Document, request: Request
) -> None:
    expected = decide({"p": policy}, request).reason
    found = rules({"p": policy})
    assert decide({"p": rendered(found)}, request).reason is expected
    assert decide({"p": rendered(reduced(found))}, request).reason is expected


@given(STATEMENTS, STATEMENTS, REQUESTS)
@MANY
def test_what_a_covered_permission_speaks_of_the_covering_one_speaks_of(
    one: Statement, other: Statement, request: Request
) -> None:
    for wide in rules({"p": document(one)}):
        for narrow in rules({"p": document(other)}):
            if covers(wide, narrow):
                spoken, held = (
                    decide({"p": document({**_statement(each), "Effect": "Allow"})}, request)
                    for each in (wide, narrow)
                )
                assert spoken.allowed or not held.allowed


@given(DOCUMENTS)
@SOME
def test_the_index_finds_all_that_cover(policy: Document) -> None:
    found = rules({"p": policy})
    covering = Covering(found)
    for narrow in found:
        assert set(covering.of(narrow)) == {wide for wide in found if covers(wide, narrow)}


@given(DOCUMENTS, DOCUMENTS)
@SOME
def test_the_difference_applied_to_the_old_set_gives_the_new(
    before: Document, after: Document
) -> None:
    old, new = rules({"p": before}), rules({"p": after})
    assert difference(old, new).apply(old) == reduced(new)


@given(DOCUMENTS)
@SOME
def test_nothing_differs_from_itself(policy: Document) -> None:
    found = rules({"p": policy})
    assert difference(found, found) == Difference()


@given(DOCUMENTS, st.data())
@SOME
def test_splitting_merging_and_reordering_documents_is_no_difference(
    policy: Document, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(policy["Statement"]))
    cut = data.draw(st.integers(0, len(shuffled)))
    parts = {
        "inline": document(*shuffled[cut:], version=policy["Version"]),
        "managed": document(*shuffled[:cut], version=policy["Version"]),
    }
    for statement in parts["inline"]["Statement"]:
        for value in statement.values():
            if isinstance(value, list):
                value.reverse()
    assert rules(parts) == rules({"p": policy})


@given(DOCUMENTS, DOCUMENTS, REQUESTS)
@MANY
def test_access_grows_only_with_a_gained_allow_or_a_lost_deny(
    before: Document, after: Document, request: Request
) -> None:
    change = difference(rules({"p": before}), rules({"p": after}))
    told = {one.effect.value for one in change.gained} & {"Allow"}
    told |= {one.effect.value for one in change.lost} & {"Deny"}
    if not told:
        was, now = (decide({"p": policy}, request).allowed for policy in (before, after))
        assert was or not now


@given(DOCUMENTS, DOCUMENTS, REQUESTS)
@MANY
def test_permissions_that_never_meet_speak_of_no_request_both(
    one: Document, other: Document, request: Request
) -> None:
    ours, theirs = (
        [p for p in rules({"p": policy}) if p.effect is Effect.ALLOW] for policy in (one, other)
    )
    of_request = [p for p in theirs if decide({"p": rendered(frozenset({p}))}, request).allowed]
    for mine in ours:
        if decide({"p": rendered(frozenset({mine}))}, request).allowed:
            assert all(may_meet(mine, yours) for yours in of_request)


def allow(action: object, resource: object, **condition: object) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (allow("s3:*", "*"), allow("s3:GetObject", "arn:aws:s3:::b/*")),
        (allow("s3:Get*", "b/*"), allow("S3:GETOBJECT", "b/x/*")),
        (allow("a:b", "b"), allow("a:b", "b", StringLike={"s3:prefix": "x/*"})),
        (
            allow("a:b", "b", StringLike={"s3:prefix": "x/*"}),
            allow("a:b", "b", StringEquals={"S3:Prefix": "x/1"}, Bool={"k": "true"}),
        ),
        (
            allow("a:b", "b", StringLikeIfExists={"k": "x*"}),
            allow("a:b", "b", StringLike={"k": "x"}),
        ),
        (
            allow("a:b", "b", StringNotLike={"k": "x/*"}),
            allow("a:b", "b", StringNotLike={"k": "x*"}),
        ),
        (
            allow("a:b", "b", IpAddress={"k": "10.0.0.0/8"}),
            allow("a:b", "b", IpAddress={"k": "10.1.0.0/16"}),
        ),
        (
            allow("a:b", "b", NotIpAddress={"k": "10.1.0.0/16"}),
            allow("a:b", "b", NotIpAddress={"k": "10.0.0.0/8"}),
        ),
        (
            allow("a:b", "b", **{"ForAnyValue:StringNotLike": {"k": ["x*"]}}),
            allow("a:b", "b", **{"ForAnyValue:StringNotLike": {"k": ["x*", "y*"]}}),
        ),
        (
            allow("a:b", "b", StringEqualsIfExists={"k": "x"}),
            allow("a:b", "b", StringEquals={"k": "x"}),
        ),
        (
            {"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"},
            allow("s3:GetObject", "b"),
        ),
        (
            {"Effect": "Allow", "Action": "a:b", "NotResource": "arn:aws:s3:::b/x/*"},
            allow("a:b", "arn:aws:s3:::c/*"),
        ),
        (allow("*", "*"), {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "b"}),
    ],
)
def test_a_wider_permission_covers_and_a_narrower_does_not(
    wide: Statement, narrow: Statement
) -> None:
    (ours,), (theirs,) = rules({"p": document(wide)}), rules({"p": document(narrow)})
    assert covers(ours, theirs)
    assert not covers(theirs, ours)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Where the user has no name, neither applies to anything.
        (
            {"Effect": "Allow", "Action": "a:b", "NotResource": "b/${aws:username}"},
            allow("a:b", "c/*"),
        ),
        (
            allow("a:b", "b", StringNotLike={"k": "x${aws:username}"}),
            allow("a:b", "b", StringNotLike={"k": "x*"}),
        ),
        (
            allow("a:b", "b", **{"ForAllValues:StringEquals": {"k": "x"}}),
            allow("a:b", "b", StringEquals={"k": "x"}),
        ),
        (allow("a:b", "b", Bool={"k": "true"}), allow("a:b", "b", Bool={"k": "false"})),
        (
            allow("a:b", "b", IpAddress={"k": "::/0"}),
            allow("a:b", "b", IpAddress={"k": "10.0.0.1"}),
        ),
    ],
)
def test_a_permission_that_only_looks_wider_covers_nothing(
    one: Statement, other: Statement
) -> None:
    (ours,), (theirs,) = rules({"p": document(one)}), rules({"p": document(other)})
    assert not covers(ours, theirs)


def test_any_value_outside_a_list_is_one_test() -> None:
    policy = document(allow("a:b", "*", **{"ForAnyValue:StringNotLike": {"k": ["x", "y"]}}))
    assert len(rules({"p": policy})) == 1
    request = Request("a:b", "r", {"k": ["x", "y"]})
    assert not decide({"p": policy}, request).allowed
    assert not decide({"p": rendered(rules({"p": policy}))}, request).allowed


def test_a_deny_does_not_cover_an_allow() -> None:
    denied = {**allow("*", "*"), "Effect": "Deny"}
    (ours,), (theirs,) = (rules({"p": document(one)}) for one in (denied, allow("a:b", "c")))
    assert not covers(ours, theirs)
