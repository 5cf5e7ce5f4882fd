"""How permissions spread over documents: within limits, and so that changes stay local."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.aws import limits
from components.aws.actions import action
from components.iam.decide import decide
from components.iam.document import PolicyDocument, size
from components.iam.requests import Caller, Location, s3_request
from components.policy.layout import Layout, lay_out, layouts
from components.policy.permissions import permissions
from components.policy.split import INLINE, TooLargeError, spread, takers
from components.settings import Role, SettingsError, User, load
from tests.unit.policy.identities import many

Grant = dict[str, Any]


def _grant(number: int, chance: Random) -> Grant:
    """A grant as people write them: one bucket, few prefixes."""
    access = chance.choice([["read"], ["list", "read"], ["list", "read", "write"], ["full"]])
    grant = {"bucket": f"acme-{number:04}-artifacts", "access": access}
    prefixes = chance.choice([[], [], ["builds/"], ["builds/app/", "releases/"]])
    return {**grant, "prefixes": prefixes} if prefixes else grant


def _grants(count: int, seed: int) -> list[Grant]:
    chance = Random(seed)  # noqa: S311 - test data
    return [_grant(number, chance) for number in chance.sample(range(2_000), count)]


def grants(least: int, most: int) -> st.SearchStrategy[list[Grant]]:
    """Of any count with the same weight; hypothesis' own lists are mostly short."""
    return st.builds(_grants, st.integers(least, most), st.integers(0, 10_000))


def documents(of: User | Role) -> dict[str, PolicyDocument]:
    layout = lay_out(of, "aws")
    arns = {grant.bucket: f"arn:aws:s3:::{grant.bucket}" for grant in of.grants}
    return {key: layout.document(key, arns) for key in layout.documents}


kinds = st.sampled_from(["user", "role"])


def assert_within_limits(kind: limits.Kind, made: dict[str, PolicyDocument]) -> None:
    assert len(made) - (INLINE in made) <= limits.ATTACHED
    for key, document in made.items():
        assert size(document) <= (limits.INLINE[kind] if key == INLINE else limits.MANAGED)


@given(kinds, grants(1, 250))
@settings(max_examples=40)
def test_documents_within_their_limits_hold_every_permission_once(
    kind: limits.Kind, wanted: list[Grant]
) -> None:
    of = many(kind, wanted)
    assert_within_limits(kind, documents(of))
    layout = lay_out(of, "aws")
    assert not (layout.packed and layout.documents.keys() == {INLINE})
    spread = [one for held in layout.documents.values() for one in held]
    assert len(spread) == len(set(spread))
    assert set(spread) == set(permissions(of.grants))


@given(
    kinds,
    grants(60, 120),
    st.sampled_from(
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation"]
    ),
    st.sampled_from(["builds/app/x", "releases/x", "builds-secret/x", "x"]),
    st.sampled_from(["true", "false"]),
    st.sampled_from(["192.0.2.7", "198.51.100.7"]),
    st.data(),
)
@settings(max_examples=60)
def test_split_policies_allow_together_what_one_document_would(
    kind: limits.Kind,
    wanted: list[Grant],
    name: str,
    key: str,
    secure: str,
    source: str,
    data: st.DataObject,
) -> None:
    of = many(kind, wanted, requireTls=True, sourceIps=["192.0.2.0/24"])
    bucket = data.draw(st.sampled_from([*(one["bucket"] for one in wanted), "acme-other"]))
    caller = Caller(secure_transport=secure == "true", source_ip=source)
    asked = s3_request(action(name), Location(bucket, key), caller=caller)
    whole = {"whole": _one_document(of)}
    assert decide(documents(of), asked).allowed is decide(whole, asked).allowed


def _one_document(of: User | Role) -> PolicyDocument:
    layout = lay_out(of, "aws")
    held = tuple(one for some in layout.documents.values() for one in some)
    arns = {grant.bucket: f"arn:aws:s3:::{grant.bucket}" for grant in of.grants}
    return Layout({INLINE: held}, layout.restrictions).document(INLINE, arns)


@given(kinds, grants(2, 250))
@settings(max_examples=300)
def test_adding_a_grant_changes_one_document_and_never_more_than_two(
    kind: limits.Kind, wanted: list[Grant]
) -> None:
    """Removing one is the same change, read backwards."""
    before, after = documents(many(kind, wanted[1:])), documents(many(kind, wanted))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert 1 <= len(changed) <= 2
    if before.keys() == after.keys():
        assert len(changed) == 1


def _prefixed(bucket: str, count: int) -> list[Grant]:
    prefixes = [f"team-{number}/artifacts/" for number in range(count)]
    return [{"bucket": bucket, "access": ["list", "read"], "prefixes": prefixes}]


@pytest.mark.parametrize(("kind", "bucket"), [("user", "acme"), ("role", "acme-artifacts")])
def test_a_bucket_that_outgrows_a_policy_is_split_by_its_prefixes_as_locally(
    kind: limits.Kind, bucket: str
) -> None:
    before: dict[str, PolicyDocument] = {}
    for count in range(60, 200):
        made = documents(many(kind, _prefixed(bucket, count)))
        changed = {key for key in before.keys() | made.keys() if before.get(key) != made.get(key)}
        assert len(changed) <= 2
        before = made
    assert len(before) > 1
    assert_within_limits(kind, before)


def _wide(count: int) -> list[Grant]:
    return [
        {"bucket": f"acme-{number:03}-{'artifacts' * 3}", "access": ["list", "read"]}
        for number in range(count)
    ]


@pytest.mark.parametrize("kind", ["user", "role"])
def test_what_the_trie_can_not_hold_is_packed_until_it_truly_does_not_fit(
    kind: limits.Kind,
) -> None:
    packed = next(
        found
        for count in range(250, 600, 10)
        if (found := lay_out(many(kind, _wide(count)), "aws")).packed
    )
    of = many(kind, _wide(_count(packed)))
    assert sorted(packed.permissions, key=repr) == sorted(permissions(of.grants), key=repr)
    assert_within_limits(kind, documents(of))
    with pytest.raises(TooLargeError):
        lay_out(many(kind, _wide(700)), "aws")


def _count(layout: Layout) -> int:
    return len({one.bucket for some in layout.documents.values() for one in some})


@pytest.mark.parametrize("kind", ["user", "role"])
def test_there_is_room_to_attach_what_takes_over_beside_what_was_there(
    kind: limits.Kind,
) -> None:
    """Policies that are no longer wished for are detached last, so both must fit for a while."""
    wanted = _grants(600, 0)
    before: set[str] | None = None
    was_packed, crossings = False, 0
    for count in range(430, 560, 6):
        try:
            found = lay_out(many(kind, wanted[:count]), "aws")
        except TooLargeError:
            break
        managed = set(found.documents) - {INLINE}
        if before is not None:
            assert len(before | managed) <= limits.ATTACHED
        crossings += found.packed and not was_packed
        before, was_packed = managed, found.packed
    assert crossings


@pytest.mark.parametrize(
    ("kind", "count", "each", "expected"),
    [
        ("user", 2, 1_024, [2_048]),
        ("user", 1, 6_144, [6_144]),
        ("user", 1, 6_145, (6_145, None)),
        ("user", 10, 6_144, [6_144] * 10),
        ("user", 11, 6_144, (67_584, 11)),
        ("role", 2, 5_120, [10_240]),
        ("role", 12, 6_144, (73_728, 11)),
    ],
)
def test_a_document_may_be_as_large_as_its_limit(
    kind: limits.Kind, count: int, each: int, expected: list[int] | tuple[int, int | None]
) -> None:
    assert _sizes(kind, count, each) == expected


def _sizes(kind: limits.Kind, count: int, each: int) -> list[int] | tuple[int, int | None]:
    """The documents' sizes for permissions of one size; or the whole, and the policies needed."""
    wanted = permissions(many(kind, _wide(count)).grants)
    try:
        found, _ = spread(kind, wanted, lambda held: each * len(held))
    except TooLargeError as error:
        return error.size, error.policies
    return [each * len(held) for held in found.values()]


def test_too_many_grants_are_said_with_size_limit_and_the_heaviest() -> None:
    heavy = {
        "bucket": "acme-heavy",
        "access": ["read"],
        "prefixes": [f"team-{number}/" for number in range(30)],
    }
    config = {"identities": {"ci": {"kind": "user", "grants": [*_wide(700), heavy]}}}
    with pytest.raises(SettingsError) as raised:
        layouts("prod", load("prod", config), "aws")
    (finding,) = raised.value.findings
    assert finding.path == "identities.ci.grants"
    assert "10 managed policies of 6,144" in finding.message
    assert "Largest: grants[700] (acme-heavy) " in finding.message


@pytest.mark.parametrize(
    ("leaf", "others", "expected"),
    [
        ("", ["1", "01", "11"], ("1", "01", "11")),
        ("0", ["1", "01"], ("1", "01")),
        ("01", ["1", "011", "0101", "001"], ("011", "0101")),
        ("1", ["0", "01"], ()),
    ],
)
def test_takers_are_the_documents_cut_from_one(
    leaf: str, others: list[str], expected: tuple[str, ...]
) -> None:
    assert takers(leaf, [leaf, *others]) == expected


@given(kinds, grants(1, 200), grants(1, 200))
@settings(max_examples=40)
def test_a_permission_that_moves_goes_to_a_taker_or_leaves_a_document_that_is_deleted(
    kind: limits.Kind, wanted: list[Grant], other: list[Grant]
) -> None:
    """So that making takers first, and deleting last, never leaves a moment without it."""
    before = lay_out(many(kind, wanted), "aws").documents
    after = lay_out(many(kind, other), "aws").documents
    place = {one: key for key, held in after.items() for one in held}
    for key, held in before.items():
        for one in held:
            moved_to = place.get(one, key)
            if moved_to != key and key in after:
                assert moved_to in takers(key, after)
                assert moved_to not in before


def test_where_a_bucket_goes_stays_the_same() -> None:
    """Another place would move the permissions of every stack that has several policies."""
    grants = [
        {"bucket": f"acme-{n}", "access": ["list", "read", "write"], "prefixes": [f"builds/{n}/"]}
        for n in range(100)
    ]
    documents = lay_out(many("user", grants), "aws").documents
    assert {leaf: len(held) for leaf, held in documents.items()} == {
        "0": 24,
        "01": 22,
        "1": 23,
        "11": 31,
    }
    assert {one.bucket for one in documents["01"]} >= {"acme-1", "acme-10"}
    prefixes = [f"builds/{n:04}/" for n in range(300)]
    one = {"bucket": "acme-one", "access": ["list", "read", "write"], "prefixes": prefixes}
    documents = lay_out(many("role", [one]), "aws").documents
    assert {leaf: len(held) for leaf, held in documents.items()} == {
        "": 150,
        "110110001100011010": 70,
        "110110001100011011": 80,
    }
