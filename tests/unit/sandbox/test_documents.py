import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.standin.documents import is_document, normal_text, same_document

BASE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"],
            "Condition": {"StringLike": {"s3:prefix": ["x", "y"]}},
        },
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": {"AWS": "*"}},
    ],
}


def changed(**statement: Any) -> dict[str, Any]:
    return {**BASE, "Statement": [{**BASE["Statement"][0], **statement}, BASE["Statement"][1]]}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "other",
    [
        changed(Action=["s3:putobject", "s3:GetObject"]),
        changed(Resource=["arn:aws:s3:::b/*", "arn:aws:s3:::a/*"]),
        changed(Condition={"StringLike": {"S3:Prefix": ["y", "x"]}}),
        {**BASE, "Statement": list(reversed(BASE["Statement"]))},
        {
            **BASE,
            "Statement": [BASE["Statement"][0], {**BASE["Statement"][1], "Principal": "*"}],  # type: ignore[dict-item]
        },
        {
            **BASE,
            "Statement": [BASE["Statement"][0], {**BASE["Statement"][1], "Action": ["s3:*"]}],  # type: ignore[dict-item]
        },
    ],
)
def test_documents_that_mean_the_same(other: dict[str, Any]) -> None:
    assert same_document(json.dumps(BASE), json.dumps(other, indent=1))


@pytest.mark.parametrize(
    "other",
    [
        changed(Action=["s3:GetObject"]),
        changed(Effect="Deny"),
        changed(Sid="a"),
        changed(Resource=["arn:aws:s3:::A/*", "arn:aws:s3:::b/*"]),
        changed(Condition={"StringEquals": {"s3:prefix": ["x", "y"]}}),
        changed(Condition={}),
        {**BASE, "Version": "2008-10-17"},
        {"Statement": BASE["Statement"]},
        {**BASE, "Statement": BASE["Statement"][:1]},
    ],
)
def test_documents_that_do_not(other: dict[str, Any]) -> None:
    assert not same_document(json.dumps(BASE), json.dumps(other))


NAMES = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=4, unique=True)
STATEMENTS = st.lists(
    st.fixed_dictionaries({"Effect": st.sampled_from(["Allow", "Deny"]), "Action": NAMES})
)


@given(STATEMENTS, st.randoms(use_true_random=False))
def test_order_never_counts(statements: list[dict[str, Any]], chance: random.Random) -> None:
    mixed = [
        {**one, "Action": chance.sample(one["Action"], len(one["Action"]))} for one in statements
    ]
    chance.shuffle(mixed)
    assert same_document({"Statement": statements}, {"Statement": mixed})


def test_account_ids_are_their_roots() -> None:
    def trust(who: str) -> dict[str, Any]:
        return {"Statement": {"Effect": "Allow", "Principal": {"AWS": who}}}

    assert same_document(trust("123456789012"), trust("arn:aws:iam::123456789012:root"))
    assert not same_document(trust("123456789012"), trust("arn:aws:iam::123456789012:user/x"))


def test_the_text_is_kept_without_spaces_and_in_order() -> None:
    assert normal_text('{"b": 1,\n "a": {"d": [1, 2], "c": "x y"}}') == (
        '{"a":{"c":"x y","d":[1,2]},"b":1}'
    )


@pytest.mark.parametrize(
    ("text", "right"), [("{}", True), ("[]", False), ("", False), ("{", False)]
)
def test_a_document_is_a_json_object(text: str, right: bool) -> None:  # noqa: FBT001 - a case
    assert is_document(text) is right
