"""What holds of IAM's decisions for any documents and any request."""

from hypothesis import given
from hypothesis import strategies as st

from components.iam.decide import Reason, Request, decide
from tests.unit.iam.documents import REQUESTS, STATEMENTS, Statement, document, statements


def answer(found: list[Statement], request: Request) -> tuple[bool, Reason]:
    decision = decide({"p": document(*found)}, request)
    return decision.allowed, decision.reason


@given(STATEMENTS, st.data(), REQUESTS, st.integers(0, 4))
def test_the_order_of_statements_and_a_split_of_the_document_change_nothing(
    found: list[Statement], data: st.DataObject, request: Request, cut: int
) -> None:
    shuffled = data.draw(st.permutations(found))
    decision = decide({"a": document(*shuffled[:cut]), "b": document(*shuffled[cut:])}, request)
    assert (decision.allowed, decision.reason) == answer(found, request)


@given(STATEMENTS, REQUESTS, statements("Deny"))
def test_a_deny_that_applies_always_wins(
    found: list[Statement], request: Request, denying: Statement
) -> None:
    applies = decide({"p": document({**denying, "Effect": "Allow"})}, request).allowed
    expected = (False, Reason.DENIED) if applies else answer(found, request)
    assert answer([*found, denying], request) == expected


@given(STATEMENTS, REQUESTS, statements("Allow"))
def test_one_more_allow_never_takes_access_away(
    found: list[Statement], request: Request, more: Statement
) -> None:
    assert answer([*found, more], request)[0] >= answer(found, request)[0]


@given(STATEMENTS, REQUESTS)
def test_what_decides_alone_gives_the_same_answer(found: list[Statement], request: Request) -> None:
    decision = decide({"p": document(*found)}, request)
    if decision.statement is None:
        assert not any(answer([one], request)[0] for one in found)
    else:
        assert answer([found[decision.statement]], request) == (decision.allowed, decision.reason)
