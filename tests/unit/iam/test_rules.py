"""Permissions taken out of documents, and which lie inside others; judged by the evaluator."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.iam.cover import Covering, covers, may_meet, reduced
from components.iam.decide import Request, decide
from components.iam.difference import Difference, difference
from components.iam.document import Effect
from components.iam.rules import Rule, rules
from tests.unit.iam.documents import (
    DOCUMENTS,
    REQUESTS,
    Document,
    Statement,
    allow,
    deny,
    document,
    statements,
)

MANY = settings(max_examples=300)


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


@given(DOCUMENTS, REQUESTS)
@MANY
def test_permissions_decide_as_the_document_they_come_from(
    policy: Document, request: Request
) -> None:
    expected = decide({"p": policy}, request).reason
    found = rules({"p": policy})
    assert decide({"p": rendered(found)}, request).reason is expected
    assert decide({"p": rendered(reduced(found))}, request).reason is expected


@given(statements(), statements(), REQUESTS)
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
def test_the_index_finds_all_that_cover(policy: Document) -> None:
    found = rules({"p": policy})
    covering = Covering(found)
    for narrow in found:
        assert set(covering.of(narrow)) == {wide for wide in found if covers(wide, narrow)}


@given(DOCUMENTS, DOCUMENTS)
def test_the_difference_applied_to_the_old_set_gives_the_new(
    before: Document, after: Document
) -> None:
    old, new = rules({"p": before}), rules({"p": after})
    assert difference(old, new).apply(old) == reduced(new)


@given(DOCUMENTS)
def test_nothing_differs_from_itself(policy: Document) -> None:
    found = rules({"p": policy})
    assert difference(found, found) == Difference()


@given(DOCUMENTS, st.data())
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


NOT_ACTION = {"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"}
NOT_RESOURCE = {"Effect": "Allow", "Action": "a:b", "NotResource": "arn:aws:s3:::b/x/*"}


def when(**condition: object) -> Statement:
    return allow("a:b", "b", **condition)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (allow("s3:*", "*"), allow("s3:GetObject", "arn:aws:s3:::b/*")),
        (allow("s3:Get*", "b/*"), allow("S3:GETOBJECT", "b/x/*")),
        (when(), when(StringLike={"s3:prefix": "x/*"})),
        (
            when(StringLike={"s3:prefix": "x/*"}),
            when(StringEquals={"S3:Prefix": "x/1"}, Bool={"k": "true"}),
        ),
        (when(StringLikeIfExists={"k": "x*"}), when(StringLike={"k": "x"})),
        (when(StringNotLike={"k": "x/*"}), when(StringNotLike={"k": "x*"})),
        (when(IpAddress={"k": "10.0.0.0/8"}), when(IpAddress={"k": "10.1.0.0/16"})),
        (when(IpAddress={"k": "10.0.0.1/8"}), when(IpAddress={"k": "10.1.0.1/16"})),
        (when(NotIpAddress={"k": "10.1.0.0/16"}), when(NotIpAddress={"k": "10.0.0.0/8"})),
        (
            when(ForAnyValue__StringNotLike={"k": ["x*"]}),
            when(ForAnyValue__StringNotLike={"k": ["x*", "y*"]}),
        ),
        (when(StringEqualsIfExists={"k": "x"}), when(StringEquals={"k": "x"})),
        (NOT_ACTION, allow("s3:GetObject", "b")),
        (NOT_RESOURCE, allow("a:b", "arn:aws:s3:::c/*")),
        (allow("*", "*"), {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "b"}),
    ],
)
def test_a_wider_permission_covers_and_a_narrower_does_not(
    wide: Statement, narrow: Statement
) -> None:
    assert (covered(wide, narrow), covered(narrow, wide)) == (True, False)


def covered(wide: Statement, narrow: Statement) -> bool:
    (ours,), (theirs,) = rules({"p": document(wide)}), rules({"p": document(narrow)})
    return covers(ours, theirs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Where the user has no name, neither applies to anything.
        ({**NOT_RESOURCE, "NotResource": "b/${aws:username}"}, allow("a:b", "c/*")),
        (when(StringNotLike={"k": "x${aws:username}"}), when(StringNotLike={"k": "x*"})),
        (when(ForAllValues__StringEquals={"k": "x"}), when(StringEquals={"k": "x"})),
        (when(Bool={"k": "true"}), when(Bool={"k": "false"})),
        (when(IpAddress={"k": "::/0"}), when(IpAddress={"k": "10.0.0.1"})),
        (deny("*"), when()),
    ],
)
def test_a_permission_that_only_looks_wider_covers_nothing(
    one: Statement, other: Statement
) -> None:
    assert not covered(one, other)


def test_any_value_outside_a_list_is_one_test() -> None:
    policy = document(when(ForAnyValue__StringNotLike={"k": ["x", "y"]}))
    assert len(rules({"p": policy})) == 1
    request = Request("a:b", "b", {"k": ["x", "y"]})
    assert not decide({"p": policy}, request).allowed
    assert not decide({"p": rendered(rules({"p": policy}))}, request).allowed
