"""Conditions in words."""

import pytest

from components.iam.conditions import Condition, parse_operator
from components.iam.words import condition_said


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        *((f"{test}Equals", "k is 1 or 2") for test in ("String", "Numeric", "Date")),
        *((test, "k is 1 or 2") for test in ("StringLike", "ArnLike", "Bool")),
        ("IpAddress", "k is in 1 or 2"),
        ("NotIpAddress", "k is not in 1 or 2"),
        ("StringNotEqualsIfExists", "k is not 1 or 2 if it is there"),
        ("NumericLessThan", "k NumericLessThan 1 or 2"),
        ("ForAnyValue:StringLike", "k ForAnyValue:StringLike 1 or 2"),
    ],
)
def test_a_condition_is_said(operator: str, words: str) -> None:
    assert condition_said(Condition(parse_operator(operator), "k", ("1", "2"))) == words
