"""IAM's decisions from documents alone, against AWS's documented examples and rules."""

import pytest

from components.iam.decide import Decision, Reason, Request, decide
from tests.unit.iam.documents import Document, allow, deny, document


def allowed(policy: Document, action: str, resource: str, **context: str) -> bool:
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return decide({"p": policy}, Request(action, resource, keys)).allowed


HOME = document(
    allow(["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "arn:aws:s3:::*"),
    allow(
        "s3:ListBucket",
        "arn:aws:s3:::acme",
        StringLike={"s3:prefix": ["", "home/", "home/${aws:username}/"]},
    ),
    allow(
        "s3:*",
        ["arn:aws:s3:::acme/home/${aws:username}", "arn:aws:s3:::acme/home/${aws:username}/*"],
    ),
)
HOME_DIRECTORY = [
    # The User Guide's home directory policy: action, resource, prefix, user, allowed
    ("s3:GetBucketLocation", "arn:aws:s3:::other", None, "bob", True),
    ("s3:ListBucket", "arn:aws:s3:::acme", "", "bob", True),
    ("s3:ListBucket", "arn:aws:s3:::acme", "home/bob/", "bob", True),
    ("s3:ListBucket", "arn:aws:s3:::acme", "home/eve/", "bob", False),
    ("s3:ListBucket", "arn:aws:s3:::acme", None, "bob", False),
    ("s3:PutObject", "arn:aws:s3:::acme/home/bob/a/b", None, "bob", True),
    ("s3:PutObject", "arn:aws:s3:::acme/home/bobby/a", None, "bob", False),
    ("s3:PutObject", "arn:aws:s3:::acme/home/bob/a", None, None, False),
]


@pytest.mark.parametrize(("action", "resource", "prefix", "user", "expected"), HOME_DIRECTORY)
def test_home_directory_example(
    action: str, resource: str, prefix: str | None, user: str | None, *, expected: bool
) -> None:
    context = {"s3:prefix": prefix, "aws:username": user}
    present = {key: value for key, value in context.items() if value is not None}
    assert decide({"home": HOME}, Request(action, resource, present)).allowed is expected


STARRED = document(allow("s3:GetObject", "arn:aws:s3:::acme/*/test/*"))
WILDCARD_EXAMPLE = [
    # The User Guide's list of what a `*` in a resource matches
    ("1/test/object.jpg", True),
    ("1/2/test/object.jpg", True),
    ("1/2/3/test/4/object.jpg", True),
    ("1///test///object.jpg", True),
    ("1/test/.jpg", True),
    ("/test/object.jpg", True),
    ("1/test/", True),
    ("1-test/object.jpg", False),
    ("test/object.jpg", False),
    ("1/2/test.jpg", False),
    ("1/TEST/object.jpg", False),
]


@pytest.mark.parametrize(("key", "expected"), WILDCARD_EXAMPLE)
def test_resource_wildcard_example(key: str, *, expected: bool) -> None:
    assert allowed(STARRED, "s3:GetObject", f"arn:aws:s3:::acme/{key}") is expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("s3:GetObject", "S3:getobject", True),
        ("S3:GET*", "s3:GetObject", True),
        ("s3:Get????ct", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectAcl", False),
        ("*", "kms:Decrypt", True),
    ],
)
def test_actions_have_no_case_and_take_wildcards(
    pattern: str, name: str, *, expected: bool
) -> None:
    assert allowed(document(allow(pattern)), name, "arn:aws:s3:::b/k") is expected


def test_a_resource_star_at_the_end_of_a_part_reaches_over_colons() -> None:
    policy = document(allow("sqs:*", "arn:aws:sqs:*"))
    assert allowed(policy, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111111111111:q")


def test_not_action_is_all_other_actions_and_not_resource_all_other_resources() -> None:
    but_delete = document({"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"})
    assert allowed(but_delete, "s3:GetObject", "arn:aws:s3:::b/k")
    assert not allowed(but_delete, "s3:deleteobject", "arn:aws:s3:::b/k")
    elsewhere = document({"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::b/*"]})
    assert allowed(elsewhere, "s3:GetObject", "arn:aws:s3:::c/k")
    assert not allowed(elsewhere, "s3:GetObject", "arn:aws:s3:::b/k")


def test_a_variable_without_a_value_keeps_a_statement_from_applying() -> None:
    for element in ("Resource", "NotResource"):
        policy = document(
            {"Effect": "Allow", "Action": "s3:*", element: "arn:aws:s3:::b/${aws:userid}"}
        )
        assert not allowed(policy, "s3:GetObject", "arn:aws:s3:::b/k")


def test_a_variable_before_the_last_part_of_a_resource_never_matches() -> None:
    policy = document(allow("s3:*", "arn:aws:s3:::${aws:username}/*"))
    assert allowed(policy, "s3:GetObject", "arn:aws:s3:::bob/k", aws__username="bob")
    policy = document(allow("s3:*", "arn:${aws:username}:s3:::b/*"))
    assert not allowed(policy, "s3:GetObject", "arn:aws:s3:::b/k", aws__username="aws")


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_old_documents_know_no_variables(version: str | None) -> None:
    policy = document(allow("s3:*", "arn:aws:s3:::b/${aws:username}"), version=version)
    assert not allowed(policy, "s3:GetObject", "arn:aws:s3:::b/bob", aws__username="bob")
    assert allowed(policy, "s3:GetObject", "arn:aws:s3:::b/${aws:username}", aws__username="bob")


def test_the_decision_names_the_statement_that_decides() -> None:
    documents = {
        "inline": document(allow("s3:GetObject"), {**allow("s3:PutObject"), "Sid": "Write"}),
        "managed": document({**deny("s3:PutObject", "arn:aws:s3:::b/locked/*"), "Sid": "Locked"}),
    }
    put = Request("s3:PutObject", "arn:aws:s3:::b/k")
    assert decide(documents, put) == Decision(
        allowed=True, reason=Reason.ALLOWED, document="inline", statement=1, sid="Write"
    )
    locked = Request("s3:PutObject", "arn:aws:s3:::b/locked/k")
    assert decide(documents, locked) == Decision(
        allowed=False, reason=Reason.DENIED, document="managed", statement=0, sid="Locked"
    )
    assert decide(documents, Request("s3:DeleteObject", "arn:aws:s3:::b/k")) == Decision(
        allowed=False, reason=Reason.UNMATCHED
    )


def test_of_several_statements_that_decide_the_first_is_named() -> None:
    every = document(allow("*"), deny("*"), allow("*"), deny("*"))
    decision = decide({"a": every, "b": every}, Request("s3:GetObject", "arn:aws:s3:::b/k"))
    assert (decision.document, decision.statement) == ("a", 1)
    allows = document(allow("*"), allow("*"))
    decision = decide({"a": allows, "b": allows}, Request("s3:GetObject", "arn:aws:s3:::b/k"))
    assert (decision.document, decision.statement) == ("a", 0)


def test_all_operators_and_all_keys_of_a_condition_must_hold() -> None:
    condition = {
        "StringLike": {"s3:prefix": ["a/*", "b/*"], "aws:username": "bob"},
        "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
        "Bool": {"aws:SecureTransport": True},
    }
    policy = document(allow("s3:ListBucket", **condition))
    keys = {
        "S3:PREFIX": "b/",
        "aws:username": "bob",
        "aws:sourceip": "203.0.113.9",
        "aws:SecureTransport": "true",
    }
    for changed in (
        {},
        {"S3:PREFIX": "c/"},
        {"aws:username": "eve"},
        {"aws:sourceip": "198.51.100.1"},
        {"aws:SecureTransport": "false"},
    ):
        request = Request("s3:ListBucket", "arn:aws:s3:::b", keys | changed)
        assert decide({"p": policy}, request).allowed is (not changed)


def test_single_values_stand_for_lists_of_one() -> None:
    single: Document = {
        "Version": "2012-10-17",
        "Statement": allow("s3:GetObject", "arn:aws:s3:::b/*"),
    }
    assert allowed(single, "s3:GetObject", "arn:aws:s3:::b/k")


MALFORMED: list[tuple[dict[str, object], str]] = [
    (allow("s3:*", StringMatches={"k": "v"}), "Condition: 'StringMatches'"),
    (allow("s3:*", StringEquals="v"), "Condition.StringEquals: 'v'"),
    ({**allow("s3:*"), "Condition": ["v"]}, r"Condition: \['v'\]"),
    (allow("s3:*", StringEquals={"k": None}), "StringEquals.k: None"),
    ({**allow("s3:*"), "Effekt": "Deny"}, "Effekt"),
    ({**allow("s3:*"), "Principal": "*"}, "Principal"),
    ({**allow("s3:*"), "Effect": "allow"}, "Effect: 'allow'"),
    ({"Effect": "Allow", "Resource": "*"}, "either Action or NotAction"),
    ({"Effect": "Allow", "Action": "*"}, "either Resource or NotResource"),
    ({**allow("s3:*"), "NotAction": "s3:*"}, "either Action or NotAction"),
]


@pytest.mark.parametrize(("statement", "words"), MALFORMED)
def test_what_iam_would_refuse_is_an_error_even_where_another_statement_decides(
    statement: dict[str, object], words: str
) -> None:
    documents = {"deny": document(deny("*")), "p": document(allow("kms:*"), statement)}
    with pytest.raises(ValueError, match=rf"^p: Statement\[1\].*{words}"):
        decide(documents, Request("s3:GetObject", "arn:aws:s3:::b/k"))


def test_an_unknown_version_or_element_of_a_document_is_an_error() -> None:
    with pytest.raises(ValueError, match="2012-10-18"):
        decide({"p": document(allow("*"), version="2012-10-18")}, Request("a:b", "c"))
    with pytest.raises(ValueError, match="Statements"):
        decide({"p": {"Statements": []}}, Request("a:b", "c"))
    with pytest.raises(ValueError, match="None is not a statement"):
        decide({"p": {"Version": "2012-10-17"}}, Request("a:b", "c"))
