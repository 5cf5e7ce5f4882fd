"""Warnings: what is valid, and may not be meant."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.settings.configs import (
    KEY,
    ORGANIZATION,
    Config,
    full,
    grant,
    role,
    stack,
    user,
    warned,
)


def of_grants(*grants: Config) -> Config:
    return stack(ci=user(grants=list(grants)))


def test_a_bucket_that_could_not_be_made_today_is_warned_of() -> None:
    message = (
        "ends in .mrap, which S3 no longer allows for new buckets; an older bucket may have it"
    )
    assert warned(of_grants(grant(bucket="acme.mrap"))) == [
        f"identities.ci.grants[0].bucket: 'acme.mrap' {message}"
    ]


FULL = (
    "full includes s3:BypassGovernanceRetention, s3:ObjectOwnerOverrideToBucketOwner, "
    "s3:PutObjectAcl, s3:PutObjectVersionAcl: AWS classifies this as permissions management; "
    "it can be used to give access to others"
)


def apart_from_full(config: Config) -> list[str]:
    """The warnings but for the one that every grant of full gets."""
    return [warning for warning in warned(config) if not warning.endswith(FULL)]


def test_full_is_warned_of_as_the_same_actions_are_one_by_one() -> None:
    found = warned(of_grants(grant(access=["full"])))
    assert found == [f"identities.ci.grants[0].access: {FULL}"]
    names = FULL.removeprefix("full includes ").partition(": ")[0].split(", ")
    by_name = warned(of_grants(grant(access=[], actions=names)))
    assert by_name == [f"identities.ci.grants[0].actions: {FULL.removeprefix('full includes ')}"]


@pytest.mark.parametrize(
    ("first", "second", "relation"),
    [
        ({}, {}, "repeats"),
        ({"access": ["list", "read"]}, {"access": ["read", "list"]}, "repeats"),
        ({"prefixes": ["a/", "b/"]}, {"prefixes": ["b/", "a/"]}, "repeats"),
        ({"access": [], "actions": ["s3:GetObject"]}, {"access": ["read"]}, "repeats"),
        ({"access": ["full"]}, {"access": ["full"]}, "repeats"),
        ({"access": ["read", "list"]}, {"access": ["read"]}, "overlaps with"),
        ({}, {"prefixes": ["a/"]}, "overlaps with"),
        ({"prefixes": ["a/b/"]}, {"prefixes": ["x/", "a/"]}, "overlaps with"),
        ({"access": ["full"]}, {"access": ["write"]}, "overlaps with"),
        ({"access": ["read"], "prefixes": ["a/"]}, {"access": ["full"]}, "overlaps with"),
        (
            {"access": ["full"]},
            {"access": [], "actions": ["s3:GetObjectTagging"]},
            "overlaps with",
        ),
        ({"access": ["read"]}, {"access": ["write"]}, None),
        ({"access": ["full"]}, {"access": ["list"]}, None),
        ({"access": ["full"]}, {"access": [], "actions": ["s3:ListBucketVersions"]}, None),
        ({"prefixes": ["a/"]}, {"prefixes": ["b/", "ab/"]}, None),
        ({"bucket": "acme-other"}, {}, None),
    ],
)
def test_grants_that_overlap_or_repeat_one_another_are_said(
    first: dict[str, Any], second: dict[str, Any], relation: str | None
) -> None:
    expected = [f"identities.ci.grants[1]: {relation} grants[0]"] if relation else []
    assert apart_from_full(of_grants(grant(**first), grant(**second))) == expected
    assert apart_from_full(of_grants(grant(**second), grant(**first))) == expected


def test_each_pair_of_grants_is_said() -> None:
    assert warned(of_grants(grant(), grant(bucket="acme-other"), grant(), grant())) == [
        "identities.ci.grants[2]: repeats grants[0]",
        "identities.ci.grants[3]: repeats grants[0]",
        "identities.ci.grants[3]: repeats grants[2]",
    ]


def test_the_same_grant_of_two_identities_is_usual() -> None:
    assert warned(stack(ci=user(), deploy=role())) == []


@pytest.mark.parametrize(
    ("prefixes", "warnings"),
    [
        (
            ["/builds/"],
            ["'/builds/' starts with '/', which is part of the key in S3; {most}"],
        ),
        (["/"], ["'/' starts with '/', which is part of the key in S3; few keys start with it"]),
        (["builds/", "builds/app/"], ["'builds/app/' is already covered by 'builds/'"]),
        (["builds/app/", "builds/"], ["'builds/app/' is already covered by 'builds/'"]),
        (["builds/", "builds-secret/"], []),
    ],
)
def test_prefixes_that_are_odd_or_say_nothing_new(prefixes: list[str], warnings: list[str]) -> None:
    said = [warning.replace("{most}", "most keys look like 'builds/…'") for warning in warnings]
    assert warned(of_grants(grant(prefixes=prefixes))) == [
        f"identities.ci.grants[0].prefixes: {warning}" for warning in said
    ]


PUBLIC = "S3 sees only public addresses (and none through a VPC endpoint)"
NEVER = "no request to S3 comes from there"
PRIVATE = ("10.0.0.0/8", "192.168.1.7/32", "172.16.0.0/12")
DOCUMENTATION = ("192.0.2.0/24", "198.51.100.7/32", "203.0.113.0/25")
LOOPBACK = ("127.0.0.1/32", "::1/128")


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("0.0.0.0/0", "matches every address"),
        ("::/0", "matches every address"),
        *((network, f"is private (RFC 1918); {PUBLIC}") for network in PRIVATE),
        ("fd00::/8", f"is private (RFC 4193); {PUBLIC}"),
        ("100.64.3.0/24", f"is shared by the customers of a carrier (RFC 6598); {PUBLIC}"),
        *((net, f"is reserved for documentation (RFC 5737); {NEVER}") for net in DOCUMENTATION),
        ("2001:db8:7::/48", f"is reserved for documentation (RFC 3849); {NEVER}"),
        ("3fff:1::/32", f"is reserved for documentation (RFC 9637); {NEVER}"),
        *((net, f"is loopback; {NEVER}") for net in LOOPBACK),
        *((net, f"is link-local; {NEVER}") for net in ("169.254.0.0/16", "fe80::/64")),
        *((net, f"is multicast; {NEVER}") for net in ("224.0.0.0/24", "ff02::/16")),
        ("198.19.0.0/16", f"is for benchmarks (RFC 2544); {NEVER}"),
        ("2001:2::/48", f"is for benchmarks (RFC 5180); {NEVER}"),
        *((net, f"is reserved; {NEVER}") for net in ("0.1.0.0/16", "255.255.255.255/32", "::/128")),
    ],
)
def test_source_addresses_that_limit_nothing_or_everything(network: str, message: str) -> None:
    assert warned(stack(ci=user(sourceIps=[network, "8.8.8.0/24"]))) == [
        f"identities.ci.sourceIps: '{network}' {message}"
    ]


ACTS = "identities.ci.grants[0].actions"
PREFIXES = "applies to the whole bucket; prefixes do not limit it"
LETS_IN = "AWS classifies this as permissions management; it can be used to give access to others"


@pytest.mark.parametrize(
    ("grants", "warnings"),
    [
        (
            {"actions": ["s3:DeleteBucket", "s3:PutObject", "s3:ListBucketMultipartUploads"]},
            ["s3:DeleteBucket, s3:ListBucketMultipartUploads: {prefixes}"],
        ),
        (
            {"actions": ["s3:GetObject", "s3:PutBucketPolicy"]},
            [
                "s3:PutBucketPolicy: {prefixes}",
                f"s3:PutBucketPolicy: {LETS_IN}",
            ],
        ),
        (
            {"actions": ["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]},
            [f"s3:PutObjectAcl, s3:PutObjectVersionAcl: {LETS_IN}"],
        ),
        (
            {"actions": ["s3:PutBucketAcl", "s3:GetBucketAcl"], "prefixes": None},
            [f"s3:PutBucketAcl: {LETS_IN}"],
        ),
        # Without prefixes the whole bucket is what is meant.
        ({"actions": ["s3:DeleteBucket"], "prefixes": None}, []),
        # These know s3:prefix, or are part of list, which the documentation explains.
        ({"actions": ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"]}, []),
        ({"access": ["list", "read", "write", "delete"]}, []),
    ],
)
def test_actions_that_no_prefix_limits_or_that_let_others_in(
    grants: dict[str, Any], warnings: list[str]
) -> None:
    wanted = {"access": [], "prefixes": ["a/"], **grants}
    if wanted["prefixes"] is None:
        del wanted["prefixes"]
    said = [warning.replace("{prefixes}", PREFIXES) for warning in warnings]
    assert warned(of_grants(grant(**wanted))) == [f"{ACTS}: {warning}" for warning in said]


@pytest.mark.parametrize(
    ("wanted", "is_used"),
    [
        ({"access": ["list"]}, False),
        ({"access": ["list", "delete"]}, False),
        ({"access": [], "actions": ["s3:GetObjectTagging"]}, False),
        ({"access": ["delete"], "actions": ["s3:GetObjectVersion"]}, True),
        ({"access": ["list", "read"]}, True),
        ({"access": ["write"]}, True),
        ({"access": ["full"]}, True),
    ],
)
def test_a_key_that_nothing_uses_is_said(wanted: dict[str, Any], is_used: bool) -> None:  # noqa: FBT001 - a column of the table
    warning = "no action in this grant uses the key; only reading and writing objects use it"
    expected = [] if is_used else [f"identities.ci.grants[0].kmsKey: {warning}"]
    assert apart_from_full(of_grants(grant(kmsKey=KEY, **wanted))) == expected
    assert apart_from_full(of_grants(grant(**wanted))) == []


def test_no_identity_at_all_is_said_to_delete_those_that_there_are() -> None:
    assert warned(stack()) == ["identities: is empty: every identity of this stack will be deleted"]


def test_a_provider_that_no_role_asks_for_is_said_to_be_missing() -> None:
    config = {**stack(ci=user()), "oidcProvider": "create"}
    assert warned(config) == [
        (
            "oidcProvider: 'create' has no effect: no role in this stack trusts an organization; "
            "organizations lists those whose providers are created for later roles"
        )
    ]
    assert warned({**config, "organizations": [ORGANIZATION]}) == warned(stack(ci=user()))
    alone = {**stack(), "oidcProvider": "create", "organizations": [ORGANIZATION]}
    assert warned(alone) == []
    assert warned({**stack(ci=role()), "oidcProvider": "create"}) == warned(stack(ci=role()))


def test_a_name_that_is_no_word_is_quoted_in_the_path() -> None:
    config = {"identities": {"a.b": user(sourceIps=["0.0.0.0/0"])}}
    assert warned(config) == ["identities['a.b'].sourceIps: '0.0.0.0/0' matches every address"]


def test_settings_that_are_as_they_should_be_get_no_warning() -> None:
    assert warned(full()) == [
        f"identities.ci.grants[1].access: {FULL}",
        (
            "identities.ci.sourceIps: '192.0.2.0/24' is reserved for documentation (RFC 5737); "
            f"{NEVER}"
        ),
    ]


@given(st.integers(0, 2**32 - 1) | st.integers(0, 2**128 - 1))
def test_an_address_without_a_warning_is_public(number: int) -> None:
    address = ip_address(number)
    found = warned(stack(ci=user(sourceIps=[str(address)])))
    assert found or address.is_global
