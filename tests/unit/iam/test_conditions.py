"""Condition operators against AWS's documented rules."""

import re
from collections.abc import Mapping, Sequence

import pytest

from components.iam.conditions import Condition, holds, parse_operator
from components.iam.operators import Context

Keys = Mapping[str, str | Sequence[str]]


def met(
    operator: str, values: Sequence[str], context: Keys, *, key: str = "k", variables: bool = True
) -> bool:
    condition = Condition(parse_operator(operator), key, tuple(values))
    return holds(condition, Context(context), variables=variables)


TAGS = ["PostDateTime", "Message", "Tags"]
FINANCE = ["arn:aws:someservice:*:111122223333:finance/*"]
STORE = "arn:aws:someservice:us-east-2:999:store/abc:111122223333:finance/document.txt"
VALUES: list[tuple[str, list[str], str | list[str] | None, bool]] = [
    # operator, values in the policy, what the request has, met
    ("StringEquals", ["john"], "john", True),
    ("StringEquals", ["john"], "John", False),
    ("StringEquals", ["a*"], "ab", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a", "b"], "c", True),
    ("StringEqualsIgnoreCase", ["john"], "John", True),
    ("StringNotEqualsIgnoreCase", ["john"], "John", False),
    ("StringLike", ["home/*"], "home/", True),
    ("StringLike", ["home/*"], "home", False),
    ("StringLike", [""], "", True),
    ("StringLike", ["a?c"], "abc", True),
    ("StringLike", ["a?c"], "ac", False),
    ("StringNotLike", ["a*", "b*"], "apple", False),
    ("StringNotLike", ["a*", "b*"], "cherry", True),
    ("Bool", ["true"], "TRUE", True),
    ("Bool", ["false"], "true", False),
    ("IpAddress", ["203.0.113.0/24"], "203.0.113.255", True),
    ("IpAddress", ["203.0.113.0/24"], "203.0.114.0", False),
    ("IpAddress", ["203.0.113.7"], "203.0.113.7", True),
    ("IpAddress", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678::1", True),
    ("IpAddress", ["203.0.113.0/24"], "2001:db8::1", False),
    ("NotIpAddress", ["203.0.113.0/24"], "203.0.113.1", False),
    ("NotIpAddress", ["203.0.113.0/24"], "198.51.100.1", True),
    ("NumericLessThanEquals", ["10"], "10", True),
    ("NumericLessThanEquals", ["10"], "11", False),
    ("NumericEquals", ["10"], "10.0", True),
    ("NumericNotEquals", ["10"], "10", False),
    ("NumericGreaterThan", ["9"], "10", True),
    ("DateGreaterThan", ["2020-01-01T00:00:01Z"], "2020-01-01T00:00:02Z", True),
    ("DateGreaterThan", ["2020-01-01T00:00:01Z"], "2020-01-01T00:00:01Z", False),
    ("DateLessThan", ["2020-01-01"], "1577836799", True),
    ("DateNotEquals", ["2020-01-01T01:00:00+01:00"], "2020-01-01T00:00:00Z", False),
    ("ArnLike", ["arn:aws:sns:*:111122223333:t*"], "arn:aws:sns:eu-west-1:111122223333:tx", True),
    ("ArnEquals", ["arn:aws:sns:*:111122223333:t*"], "arn:aws:sns:eu-west-1:111122223333:tx", True),
    ("ArnNotEquals", ["arn:aws:sns:*:1:t"], "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnLike", ["arn:aws:sns:*"], "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnLike", ["arn:aws:sns:*:1:t:*"], "arn:aws:sns:eu-west-1:1:t:a:b", True),
    # A star of an ARN stays between colons: the User Guide's own example.
    ("StringLike", FINANCE, STORE, True),
    ("ArnLike", FINANCE, STORE, False),
    # The User Guide's DynamoDB examples.
    ("ForAllValues:StringLike", TAGS, ["PostDateTime", "Message"], True),
    ("ForAllValues:StringEquals", TAGS, ["PostDateTime", "UserName"], False),
    ("ForAnyValue:StringEquals", ["ID", "PostDateTime"], ["UserName", "PostDateTime"], True),
    ("ForAnyValue:StringEquals", ["ID", "PostDateTime"], ["UserName"], False),
    ("ForAllValues:StringNotEquals", ["ID"], ["Message", "Tags"], True),
    ("ForAllValues:StringNotEquals", ["ID"], ["Message", "ID"], False),
    ("ForAnyValue:StringNotEquals", ["ID"], ["Message", "ID"], True),
    ("ForAnyValue:StringNotEquals", ["ID"], ["ID"], False),
    ("ForAllValues:StringEquals", ["ID"], "", True),
    ("ForAnyValue:StringLike", ["*"], "", False),
    ("StringEquals", ["a"], ["a", "b"], False),
    ("StringEquals", ["a"], ["a"], True),
    # Whether the key is there.
    ("Null", ["true"], None, True),
    ("Null", ["true"], "v", False),
    ("Null", ["false"], "v", True),
    ("Null", ["false"], None, False),
]


@pytest.mark.parametrize(("operator", "values", "found", "expected"), VALUES)
def test_an_operator_on_what_the_request_has(
    operator: str, values: list[str], found: str | list[str] | None, *, expected: bool
) -> None:
    assert met(operator, values, {} if found is None else {"k": found}) is expected


MISSING = [
    # operator, met where the request lacks the key
    ("StringEquals", False),
    ("StringLike", False),
    ("Bool", False),
    ("IpAddress", False),
    ("NumericLessThan", False),
    ("StringNotEquals", True),
    ("StringNotLike", True),
    ("StringNotEqualsIgnoreCase", True),
    ("ArnNotLike", True),
    ("NotIpAddress", True),
    ("StringEqualsIfExists", True),
    ("BoolIfExists", True),
    ("StringNotLikeIfExists", True),
    ("ForAllValues:StringEquals", True),
    ("ForAnyValue:StringEquals", False),
    ("ForAnyValue:StringNotEquals", False),
    ("ForAnyValue:StringEqualsIfExists", False),
]


@pytest.mark.parametrize(("operator", "expected"), MISSING)
@pytest.mark.parametrize("context", [{}, {"k": []}, {"other": "v"}])
def test_a_missing_key_fails_what_is_asked_and_passes_what_is_excluded(
    operator: str, context: Keys, *, expected: bool
) -> None:
    assert met(operator, ["v"], context) is expected


def test_keys_have_no_case() -> None:
    assert met("StringEquals", ["john"], {"AWS:UserName": "john"}, key="aws:username")


USER = {"aws:username": "bob*", "aws:groups": ["a", "b"]}
VARIABLES = [
    # value in the policy, request, met
    ("${aws:username}", "bob*", True),
    ("${aws:username}", "bobby", False),  # a star that comes from the request is no wildcard
    ("${AWS:UserName}/*", "bob*/x", True),
    ("${aws:userid}", "", False),
    ("${aws:userid}", "${aws:userid}", False),
    ("${aws:userid, 'anonymous'}", "anonymous", True),
    ("${aws:username, 'anonymous'}", "anonymous", False),
    ("${aws:groups}", "a", False),  # a multivalued key cannot be a variable
    ("${*}x${?}${$}", "*x?$", True),
    ("${*}", "anything", False),
    ("${}", "", False),
]


@pytest.mark.parametrize(("value", "found", "expected"), VARIABLES)
def test_variables_come_from_the_request(value: str, found: str, *, expected: bool) -> None:
    for operator in ("StringLike", "ForAnyValue:StringLike"):
        assert met(operator, [value], {"k": found, **USER}) is expected


def test_without_version_2012_a_variable_is_plain_text() -> None:
    context = {"k": "${aws:username}", **USER}
    assert met("StringEquals", ["${aws:username}"], context, variables=False)
    assert met("StringLike", ["${*}"], context, variables=False)


@pytest.mark.parametrize("operator", ["StringNotEquals", "StringNotLike", "ArnNotLike"])
def test_a_variable_without_a_value_fails_negated_operators_too(operator: str) -> None:
    assert not met(operator, ["arn:aws:iam::1:user/${aws:userid}"], {"k": "v"})


def test_a_variable_may_be_any_part_of_an_arn() -> None:
    context = {"k": "arn:aws:iam::111:role/x", "aws:PrincipalAccount": "111"}
    assert met("ArnLike", ["arn:aws:iam::${aws:PrincipalAccount}:role/*"], context)


@pytest.mark.parametrize(
    "name", ["StringLike", "NotIpAddress", "ForAllValues:StringNotLikeIfExists", "Null"]
)
def test_an_operator_taken_apart_still_knows_its_name(name: str) -> None:
    assert parse_operator(name).name == name


@pytest.mark.parametrize(
    "name",
    [
        *("StringMatches", "stringequals", "BinaryEquals", "ForSomeValues:StringEquals"),
        *("NullIfExists", "ForAnyValue:Null", "IfExists", ""),
    ],
)
def test_an_unknown_operator_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"'{name}'")):
        parse_operator(name)


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("Bool", "yes", "true"),
        ("IpAddress", "203.0.113.0/33", "203.0.113.1"),
        ("IpAddress", "203.0.113.0/24", "home"),
        ("NumericEquals", "ten", "10"),
        ("DateEquals", "monday", "2020-01-01"),
    ],
)
def test_a_value_that_cannot_be_read_is_an_error(operator: str, value: str, found: str) -> None:
    with pytest.raises(ValueError, match=r"yes|33|home|ten|monday"):
        met(operator, [value], {"k": found})


def test_a_year_alone_is_not_taken_for_seconds() -> None:
    with pytest.raises(ValueError, match="2026"):
        met("DateLessThan", ["2026"], {"k": "2020-01-01"})
