"""Recorded calls become the least grants that allow them."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.aws.actions import ACCESS
from components.iam.decide import Request, decide
from components.policy.access import Restrictions, access_document
from components.policy.grants import as_config
from components.policy.permissions import permissions
from components.settings import load
from components.settings.model import Grant
from sandbox.authorization.record import Call, Check
from sandbox.jobs.compare import compare
from sandbox.jobs.grants import _MEANT, grants
from sandbox.jobs.needs import needs
from tests.unit.jobs.calls import KEY, call, check, get, listing, put
from tests.unit.policy.identities import configs, identity

UNTIMED = settings(deadline=None)
TAGS = "s3:GetObjectTagging"
COPY = call("CopyObject", check("s3:GetObject", "acme-a/in/x"), check("s3:PutObject", "acme-b/y"))
OTHER_KEY = KEY.replace("0a1b", "1a1b")


def learned(*calls: Call) -> list[dict[str, Any]]:
    return [as_config(one) for one in grants(needs(calls))]


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([], []),
        (
            [get("acme-a/builds/1/x")],
            [{"bucket": "acme-a", "access": ["read"], "prefixes": ["builds/1/"]}],
        ),
        ([get("acme-a/top"), get("acme-a/builds/x")], [{"bucket": "acme-a", "access": ["read"]}]),
        (
            [put("acme-a/b/1/x"), put("acme-a/b/y"), get("acme-a/b/y"), get("acme-a/conf/z")],
            [
                {"bucket": "acme-a", "access": ["read", "write"], "prefixes": ["b/"]},
                {"bucket": "acme-a", "access": ["read"], "prefixes": ["conf/"]},
            ],
        ),
        (
            [listing("acme-a", "builds/1"), get("acme-a/builds/1")],
            [{"bucket": "acme-a", "access": ["list", "read"], "prefixes": ["builds/"]}],
        ),
        ([listing("acme-a", "builds")], [{"bucket": "acme-a", "access": ["list"]}]),
        ([listing("acme-a")], [{"bucket": "acme-a", "access": ["list"]}]),
        (
            [call("GetBucketLocation", check("s3:GetBucketLocation", "acme-a"))],
            [{"bucket": "acme-a", "actions": ["s3:GetBucketLocation"]}],
        ),
        (
            [
                listing("acme-a", "x/"),
                call("GetBucketLocation", check("s3:GetBucketLocation", "acme-a")),
            ],
            [{"bucket": "acme-a", "access": ["list"], "prefixes": ["x/"]}],
        ),
        (
            [
                put("acme-a/up/x"),
                call("AbortMultipartUpload", check("s3:AbortMultipartUpload", "acme-a/up/x")),
                call("AbortMultipartUpload", check("s3:AbortMultipartUpload", "acme-a/old/x")),
            ],
            [
                {"bucket": "acme-a", "actions": ["s3:AbortMultipartUpload"], "prefixes": ["old/"]},
                {"bucket": "acme-a", "access": ["write"], "prefixes": ["up/"]},
            ],
        ),
        (
            [call("GetObject", check("s3:GetObjectVersion", "acme-a/x/y"))],
            [{"bucket": "acme-a", "actions": ["s3:GetObjectVersion"], "prefixes": ["x/"]}],
        ),
        (
            [COPY],
            [
                {"bucket": "acme-a", "access": ["read"], "prefixes": ["in/"]},
                {"bucket": "acme-b", "access": ["write"]},
            ],
        ),
        (
            [get("acme-a/logs/d$y/*/x")],
            [{"bucket": "acme-a", "access": ["read"], "prefixes": ["logs/"]}],
        ),
        (
            [
                call(
                    "GetObject",
                    check("s3:GetObject", "acme-a/x"),
                    check("kms:Decrypt", KEY.replace(":key/", ":alias/")),
                )
            ],
            [{"bucket": "acme-a", "access": ["read"]}],
        ),
        ([call("ListBuckets", Check("s3:ListAllMyBuckets", "*", allowed=True, reason=""))], []),
        (
            [
                call(
                    "PutObject",
                    check("s3:PutObject", "acme-a/x"),
                    check("kms:GenerateDataKey", KEY),
                ),
                call("GetObject", check("s3:GetObject", "acme-a/r/x"), check("kms:Decrypt", KEY)),
            ],
            [
                {"bucket": "acme-a", "access": ["write"], "kmsKey": KEY},
                {"bucket": "acme-a", "access": ["read"], "prefixes": ["r/"]},
            ],
        ),
        (
            [
                call("GetObject", check("s3:GetObject", "acme-a/r/x"), check("kms:Decrypt", KEY)),
                call(
                    "GetObject",
                    check("s3:GetObject", "acme-a/r/y"),
                    check("kms:Decrypt", OTHER_KEY),
                ),
            ],
            [
                {"bucket": "acme-a", "access": ["read"], "prefixes": ["r/"], "kmsKey": KEY},
                {"bucket": "acme-a", "access": ["read"], "prefixes": ["r/"], "kmsKey": OTHER_KEY},
            ],
        ),
    ],
)
def test_calls_become_these_grants(calls: list[Call], expected: list[dict[str, Any]]) -> None:
    assert learned(*calls) == expected


def test_every_word_but_full_is_for_one_of_its_actions() -> None:
    meant = {word: name for name, word in _MEANT.items()}
    assert meant.keys() == ACCESS.keys() - {"full"}
    for word, name in meant.items():
        assert name in {one.name for one in ACCESS[word]}


def test_a_copys_key_is_in_the_grant_of_the_bucket_that_it_was_used_for() -> None:
    (read, write) = COPY.checks
    keys = (check("kms:Decrypt", KEY), check("kms:GenerateDataKey", OTHER_KEY))
    made = learned(call("CopyObject", read, keys[0], write, keys[1]))
    assert [(one["bucket"], one["kmsKey"]) for one in made] == [
        ("acme-a", KEY),
        ("acme-b", OTHER_KEY),
    ]


BUCKETS = ["acme-a", "acme-b", "acme-c"]
PARTS = st.lists(st.sampled_from(["a", "b", "c*", "ü", ""]), max_size=3).map("/".join)
KEYS = PARTS.map(lambda folder: f"{folder}/k" if folder else "k")
ON_OBJECTS = [one.name for word in ("read", "write", "delete") for one in ACCESS[word]]
CHECKS = st.one_of(
    st.builds(
        lambda action, bucket, key: check(action, f"{bucket}/{key}"),
        st.sampled_from([*ON_OBJECTS, TAGS, "s3:DeleteObjectVersion"]),
        st.sampled_from(BUCKETS),
        KEYS,
    ),
    st.builds(
        lambda action, bucket, prefix: check(action, bucket, prefix=prefix),
        st.sampled_from(["s3:ListBucket", "s3:ListBucketVersions"]),
        st.sampled_from(BUCKETS),
        st.none() | PARTS | PARTS.map(lambda folder: f"{folder}/"),
    ),
    st.builds(
        check,
        st.sampled_from(["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]),
        st.sampled_from(BUCKETS),
    ),
)


def calls_with(*arns: str) -> st.SearchStrategy[list[Call]]:
    """Calls; reads of encrypted objects use these KMS keys."""
    reads = st.builds(
        lambda bucket, key, arn: call(
            "GetObject", check("s3:GetObject", f"{bucket}/{key}"), check("kms:Decrypt", arn)
        ),
        st.sampled_from(BUCKETS),
        KEYS,
        st.sampled_from(arns),
    )
    return st.lists(CHECKS.map(lambda one: call("Some", one)) | reads, max_size=12)


CALLS = calls_with(KEY, OTHER_KEY)


def allows(held: list[Grant], one: Check) -> bool:
    """By the documents that the program would make, and the check as it was recorded."""
    if not held:
        return False
    arns = {grant.bucket: f"arn:aws:s3:::{grant.bucket}" for grant in held}
    document = access_document(permissions(held), arns, Restrictions())
    return decide({"p": document}, Request(one.action, one.resource, one.context)).allowed


@UNTIMED
@given(CALLS)
def test_grants_allow_every_call_and_name_no_other_bucket(calls: list[Call]) -> None:
    made = list(grants(needs(calls)))
    checks = [one for some in calls for one in some.checks]
    assert [one for one in checks if not allows(made, one)] == []
    assert {one.bucket for one in made} == {one.bucket for one in calls}
    if made:
        identities = {"ci": {"kind": "user", "grants": [as_config(one) for one in made]}}
        assert list(load("t", {"identities": identities}).identities["ci"].grants) == made


def without_a_line(held: list[Grant]) -> Iterator[list[Grant]]:
    """The grants, each time with one word, action, prefix or key less."""
    for place, grant in enumerate(held):
        for key in ("access", "actions", "prefixes"):
            values = getattr(grant, key)
            for value in values:
                left = tuple(one for one in values if one != value)
                fewer = grant.model_copy(update={key: left})
                gone = (key == "prefixes" and not left) or not (fewer.access or fewer.actions)
                yield [*held[:place], *([] if gone else [fewer]), *held[place + 1 :]]
        if grant.kms_key:
            yield [*held[:place], grant.model_copy(update={"kms_key": None}), *held[place + 1 :]]


@UNTIMED
@given(calls_with(KEY))
def test_without_any_of_their_lines_a_call_is_refused(calls: list[Call]) -> None:
    checks = [one for some in calls for one in some.checks]
    for fewer in without_a_line(list(grants(needs(calls)))):
        assert not all(allows(fewer, one) for one in checks), fewer


@UNTIMED
@given(CALLS)
def test_the_order_and_the_number_of_calls_do_not_count(calls: list[Call]) -> None:
    assert grants(needs([*calls[::-1], *calls])) == grants(needs(calls))


@UNTIMED
@given(CALLS)
def test_beside_the_grants_that_it_made_a_run_lacks_nothing_and_uses_all(
    calls: list[Call],
) -> None:
    seen = needs(calls)
    found = compare(grants(seen), seen)
    assert (found.lacks, found.unused) == ((), ())
    nothing = compare([], seen)
    assert (nothing.lacks, nothing.unused, nothing.wider) == (grants(seen), (), ())


@UNTIMED
@given(configs(), CALLS)
def test_what_is_lacking_is_just_what_the_identity_could_not_do(
    config: dict[str, Any], calls: list[Call]
) -> None:
    held = list(identity(config).grants)
    found = compare(held, needs(calls))
    checks = [one for some in calls for one in some.checks]
    assert bool(found.lacks) == any(not allows(held, one) for one in checks)
    assert all(allows([*held, *found.lacks], one) for one in checks)
    assert not any(allows(list(found.unused), one) for one in checks)


def test_what_was_not_used_and_where_less_was_used() -> None:
    held = [
        Grant.model_validate(one)
        for one in (
            {"bucket": "acme-a", "access": ["list", "read", "write"], "prefixes": ["x/", "y/"]},
            {"bucket": "acme-b", "access": ["full"]},
            {"bucket": "acme-c", "access": ["read"]},
        )
    ]
    calls = [listing("acme-a", "x/"), put("acme-a/x/1/k"), get("acme-b/z/k"), get("acme-d/k")]
    found = compare(held, needs(calls))
    assert [as_config(one) for one in found.lacks] == [{"bucket": "acme-d", "access": ["read"]}]
    assert [as_config(one) for one in found.unused] == [
        {"bucket": "acme-a", "access": ["read"], "prefixes": ["x/"]},
        {"bucket": "acme-a", "access": ["list", "read", "write"], "prefixes": ["y/"]},
        {"bucket": "acme-c", "access": ["read"]},
    ]
    assert [
        (as_config(one.has), [as_config(used) for used in one.used]) for one in found.wider
    ] == [
        (
            {"bucket": "acme-a", "access": ["write"], "prefixes": ["x/"]},
            [{"bucket": "acme-a", "access": ["write"], "prefixes": ["x/1/"]}],
        ),
        (
            {"bucket": "acme-b", "access": ["full"]},
            [{"bucket": "acme-b", "access": ["read"], "prefixes": ["z/"]}],
        ),
    ]
