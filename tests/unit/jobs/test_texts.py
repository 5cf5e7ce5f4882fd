"""What `learn` and `run` print."""

from dataclasses import replace
from typing import Any

import pytest

from components.policy.grants import as_config
from components.settings import load, pulumi_yaml
from components.settings.model import Grant
from sandbox.authorization.record import Call, Check
from sandbox.jobs import learned, report
from sandbox.jobs.compare import compare
from sandbox.jobs.learned import Learned
from sandbox.jobs.report import Ran
from tests.unit.jobs.calls import KEY, call, check, get, listing, put
from tests.unit.settings.configs import grant, role, stack, user

CALLS = (
    listing("acme-site", "public/"),
    *(get(f"acme-site/public/{name}") for name in "abcd"),
    call("HeadObject", check("s3:GetObject", "acme-site/public/a"), check("kms:Decrypt", KEY)),
    get("acme-site/conf/on: #1\n", status=404),
    call("ListBuckets", Check("s3:ListAllMyBuckets", "*", allowed=True, reason="")),
    replace(get("acme-gone/x"), status=404, allowed=False, error="NoSuchBucket"),
)
YAML = """\
# Seen in this run: 9 calls. Another run may need more.
# No grant gives s3:ListAllMyBuckets: ListBuckets once.
# GetObject on acme-site was answered with 404, no such key. To an identity that may not list the \
whole bucket S3 answers 403.
# There is no bucket acme-gone in the sandbox: --bucket acme-gone makes it.
# ci of prod lacks:
#   {bucket: acme-gone, access: [read]}
#   {bucket: acme-site, access: [read], prefixes: [conf/, public/], kmsKey: 'KEY'}
# ci of prod has, and this run did not use:
#   {bucket: acme-site, access: [write], prefixes: [public/]}
# ci of prod has {bucket: acme-site, access: [list]}; this run used {bucket: acme-site, \
access: [list], prefixes: [public/]}
grants:
  - bucket: acme-gone
    access:
      - read  # GetObject once (x)
  - bucket: acme-site
    access:
      - read  # GetObject once (conf/on: #1\\n)
    prefixes:
      - conf/  # GetObject once
  - bucket: acme-site
    access:
      - list  # ListObjectsV2 once (public/)
      - read  # GetObject 4 times (public/a, public/b, public/c, …), HeadObject once (public/a)
    prefixes:
      - public/  # ListObjectsV2 once, GetObject 4 times, HeadObject once
    kmsKey: KEY  # HeadObject once
""".replace("KEY", KEY)


def test_grants_are_printed_with_what_was_seen_behind_each_line() -> None:
    found = Learned(CALLS, missing=("acme-gone",))
    held = [
        grant(bucket="acme-site", access=["list"]),
        grant(bucket="acme-site", access=["read", "write"], prefixes=["public/"]),
    ]
    identity = load("prod", {"identities": {"ci": user(grants=held)}}).identities["ci"]
    compared = learned.comparison_json("prod", "ci", compare(identity.grants, found.needs))
    text = learned.as_yaml(found, compared)
    assert text == YAML
    assert pulumi_yaml.parse(text) == {"grants": learned.as_json(found, compared)["grants"]}
    assert "sufficient" not in text


def test_the_json_has_the_grants_and_what_was_seen() -> None:
    made = learned.as_json(Learned((get("acme-a/x/1"), get("acme-a/x/2"))), None)
    assert made == {
        "version": 1,
        "grants": [{"bucket": "acme-a", "access": ["read"], "prefixes": ["x/"]}],
        "seen": [
            {
                "operation": "GetObject",
                "action": "s3:GetObject",
                "bucket": "acme-a",
                "folder": "x/",
                "count": 2,
                "examples": ["x/1", "x/2"],
                "granted": True,
            }
        ],
        "comparison": None,
        "notes": ["Seen in this run: 2 calls. Another run may need more."],
    }


def test_a_listing_of_the_whole_bucket_is_seen_as_that() -> None:
    calls = (listing("acme-a", ""), call("HeadBucket", check("s3:ListBucket", "acme-a")))
    said = '      - list  # ListObjectsV2 once (""), HeadBucket once'
    assert learned.as_yaml(Learned(calls), None).splitlines()[-1] == said
    assert '  ListObjectsV2 on acme-a once: ""' in report.as_lines(ran_with(*calls))


def test_a_run_without_calls_gives_no_grants() -> None:
    assert learned.as_yaml(Learned(()), None).splitlines()[-1] == "grants: []"


def ran_with(*calls: Call, held: tuple[Grant, ...] = ()) -> Ran:
    return ran_as(user(), *calls, held=held)


def ran_as(config: dict[str, Any], *calls: Call, held: tuple[Grant, ...] = ()) -> Ran:
    settings = load("prod", stack(ci=config)).identities["ci"]
    return Ran("prod", "ci", settings.model_copy(update={"grants": held}), 3, calls)


DENIED = replace(
    check("s3:PutObject", "acme-site/a"),
    allowed=False,
    reason="with an explicit deny in an identity-based policy",
    sid="No",
)
UNKNOWN = Check("", "*", allowed=False, reason="the sandbox can't tell what this call needs")

REPORT = """\
ci of prod made 10 calls in this run: 4 allowed, 6 refused, \
as the sandbox decides, which is not AWS.
allowed:
  PutObject on acme-site 4 times: public/a, public/b, public/c, …
    s3:PutObject: allowed by statement 1 of s3-access
refused:
  PutObject on acme-site 2 times: private/a, private/b
    s3:PutObject: because no identity-based policy allows the s3:PutObject action
    this grant would allow it: {bucket: acme-site, access: [write], prefixes: [private/]}
  PutObject on acme-site once: a
    s3:PutObject: denied by statement 1 (No) of s3-access
  DeleteObjects on acme-site once: x/1, x/2
    s3:DeleteObject: allowed by statement 1 of s3-access
    s3:DeleteObject: because no identity-based policy allows the s3:DeleteObject action
    this grant would allow it: {bucket: acme-site, access: [delete], prefixes: [x/]}
  WriteGetObjectResponse once
    the sandbox can't tell what this call needs
  GetObject once
    InvalidAccessKeyId
"""


def test_calls_are_grouped_with_the_statement_that_decided_and_the_grant_that_would_allow() -> None:
    calls = [
        *(put(f"acme-site/public/{name}") for name in "abcd"),
        put("acme-site/private/a", allowed=False),
        put("acme-site/private/b", allowed=False),
        call("PutObject", DENIED),
        call(
            "DeleteObjects",
            *(check("s3:DeleteObject", f"acme-site/x/{n}", allowed=n == "1") for n in "12"),
        ),
        call("WriteGetObjectResponse", UNKNOWN),
        replace(call("GetObject", UNKNOWN), checks=(), bucket=None, error="InvalidAccessKeyId"),
    ]
    ran = ran_with(*calls)
    assert list(report.as_lines(ran)) == REPORT.splitlines()
    told = report.as_json(ran)
    assert (told["version"], told["exitCode"], len(told["calls"])) == (1, 3, 6)
    assert told["calls"][1]["grants"] == [
        {"bucket": "acme-site", "access": ["write"], "prefixes": ["private/"]}
    ]
    assert told["calls"][2]["checks"][0]["sid"] == "No"


@pytest.mark.parametrize("key_is_refused", [True, False])
def test_the_grant_for_a_refused_kms_key_names_what_uses_it(*, key_is_refused: bool) -> None:
    use = check("kms:Decrypt", KEY)
    refused = replace(use, allowed=False, reason="because no identity-based policy allows the …")
    read = check("s3:GetObject", "acme-a/x/y", allowed=key_is_refused)
    one = call("GetObject", read, refused if key_is_refused else use)
    ran = ran_with(one)
    base = {"bucket": "acme-a", "access": ["read"], "prefixes": ["x/"]}
    expected = base | ({"kmsKey": KEY} if key_is_refused else {})
    assert [as_config(one) for one in ran.missing(*ran.groups)] == [expected]


def call_at(key: str) -> Call:
    return get(f"acme-a/{key}", allowed=False)


def test_one_grant_is_named_for_all_keys_of_a_group() -> None:
    ran = ran_with(call_at("x/1"), call_at("x/2"), call_at("y/1"))
    assert [as_config(one) for one in ran.missing(*ran.groups)] == [
        {"bucket": "acme-a", "access": ["read"], "prefixes": ["x/", "y/"]}
    ]


def test_a_grant_that_the_config_has_is_not_named_again() -> None:
    held = Grant.model_validate(grant(bucket="acme-a", access=["read"], prefixes=["x/"]))
    ran = ran_with(call_at("x/1"), held=(held,))
    assert list(report.as_lines(ran))[-1].startswith("    the stack's file grants this; it may")
    (told,) = report.as_json(ran)["calls"]
    assert (told["grants"], told["inConfig"]) == ([], True)


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        (user(requireTls=True), ["requireTls"]),
        (role(requireTls=True, sourceIps=["192.0.2.0/24"]), ["requireTls", "sourceIps"]),
        (role(sourceIps=["192.0.2.0/24", "127.0.0.0/8"]), []),
        (user(), []),
    ],
)
def test_conditions_that_no_call_to_the_sandbox_meets_are_told_if_calls_are_refused(
    config: dict[str, Any], keys: list[str]
) -> None:
    ran = ran_as(config, call("PutObject", DENIED))
    told = [line for line in report.as_lines(ran) if line.startswith("note: ")]
    assert [line.split()[1] for line in told] == keys
    assert report.as_json(ran)["notes"] == [line.removeprefix("note: ") for line in told]
    assert ran_as(config, put("acme-site/a")).notes == []
