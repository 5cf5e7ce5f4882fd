"""What holds of IAM's decisions for any documents and any request."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from components.iam.decide import Reason, Request, decide

# No deadline: the machine may be busy.
UNTIMED = settings(deadline=None)

Document = dict[str, Any]


def document(*statements: Mapping[str, object]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


# Few names, so that statements and requests meet often.
ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "*"])
RESOURCES = st.sampled_from(
    ["arn:aws:s3:::b/*", "arn:aws:s3:::b/x/*", "arn:aws:s3:::?/x/y", "arn:aws:s3:::c/*", "*"]
)
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringLike": {"s3:prefix": ["x/*", "y/*"]}},
        {"StringNotLike": {"s3:prefix": "x/*"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringEqualsIfExists": {"s3:prefix": "x/1"}},
    ]
)


def statements(effects: str = "Allow Deny") -> st.SearchStrategy[dict[str, object]]:
    return st.builds(
        lambda effect, action, resource, condition: {
            "Effect": effect,
            "Action": action,
            "Resource": resource,
            "Condition": condition,
        },
        st.sampled_from(effects.split()),
        st.lists(ACTIONS, min_size=1, max_size=2),
        st.lists(RESOURCES, min_size=1, max_size=2),
        CONDITIONS,
    )


REQUESTS = st.builds(
    Request,
    st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"]),
    st.sampled_from(["arn:aws:s3:::b/x/y", "arn:aws:s3:::b/z", "arn:aws:s3:::c/x/y"]),
    st.fixed_dictionaries(
        {},
        optional={
            "s3:prefix": st.sampled_from(["x/1", "y/1", "z/1"]),
            "aws:SecureTransport": st.sampled_from(["true", "false"]),
        },
    ),
)
SOME = st.lists(statements(), max_size=5)


def answer(found: list[dict[str, object]], request: Request) -> tuple[bool, Reason]:
    decision = decide({"p": document(*found)}, request)
    return decision.allowed, decision.reason


@given(SOME, st.data(), REQUESTS)
@UNTIMED
def test_the_order_of_statements_changes_nothing(
    found: list[dict[str, object]], data: st.DataObject, request: Request
) -> None:
    assert answer(data.draw(st.permutations(found)), request) == answer(found, request)


@given(SOME, REQUESTS, st.integers(0, 5))
@UNTIMED
def test_splitting_a_document_changes_nothing(
    found: list[dict[str, object]], request: Request, cut: int
) -> None:
    halves = {"a": document(*found[:cut]), "b": document(*found[cut:])}
    decision = decide(halves, request)
    assert (decision.allowed, decision.reason) == answer(found, request)


@given(SOME, REQUESTS, statements("Deny"))
@UNTIMED
def test_a_deny_that_applies_always_wins(
    found: list[dict[str, object]], request: Request, denying: dict[str, object]
) -> None:
    applies = decide({"p": document({**denying, "Effect": "Allow"})}, request).allowed
    expected = (False, Reason.DENIED) if applies else answer(found, request)
    assert answer([*found, denying], request) == expected


@given(SOME, REQUESTS, statements("Allow"))
@UNTIMED
def test_one_more_allow_never_takes_access_away(
    found: list[dict[str, object]], request: Request, more: dict[str, object]
) -> None:
    assert answer([*found, more], request)[0] >= answer(found, request)[0]


@given(SOME, REQUESTS)
@UNTIMED
def test_what_decides_alone_gives_the_same_answer(
    found: list[dict[str, object]], request: Request
) -> None:
    decision = decide({"p": document(*found)}, request)
    if decision.statement is None:
        assert not any(answer([one], request)[0] for one in found)
    else:
        assert answer([found[decision.statement]], request) == (decision.allowed, decision.reason)
