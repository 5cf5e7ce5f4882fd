"""A valid config becomes typed settings that nothing changes any more."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.aws.actions import ACCESS
from components.settings import load
from components.settings.value_rules import Word
from tests.unit.settings.configs import (
    KEY,
    ORGANIZATION,
    PROJECT,
    USER,
    Config,
    full,
    grant,
    role,
    stack,
    told,
    trust,
    user,
    with_grant,
    with_trust,
)

PARTITIONS = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"]


def test_every_key_arrives_in_its_field() -> None:
    settings = load("test", full())
    given = full()
    labels = given["identities"]["ci"]["accessKeys"]
    given["identities"]["ci"]["accessKeys"] = [{"label": label} for label in labels]
    assert settings.model_dump(mode="json", by_alias=True, exclude_defaults=True) == given


def test_what_is_left_out_limits_nothing_and_grants_nothing() -> None:
    given = {"bucket": "acme-data", "access": ["read"]}
    both: Config = {
        "path": "/",
        "permissionsBoundary": None,
        "tags": {},
        "requireTls": False,
        "sourceIps": [],
        "exclusive": None,
        "grants": [{**given, "actions": [], "prefixes": [], "kmsKey": None}],
    }
    anyone: Config = {"users": [], "origins": [], "refs": [], "projectIdClaim": False}
    settings = load("test", stack(ci=user(), deploy=role()))
    assert settings.model_dump(mode="json", by_alias=True) == {
        "tags": {},
        "oidcProvider": "existing",
        "organizations": [],
        "exclusive": False,
        "identities": {
            "ci": {"kind": "user", "accessKeys": [], "deliver": [], **both},
            "deploy": {
                "kind": "role",
                "maxSessionSeconds": 3600,
                **both,
                "trust": {"organization": ORGANIZATION, "projects": [PROJECT], **anyone},
            },
        },
    }


def test_networks_are_written_in_one_way() -> None:
    networks = ["192.0.2.7", "198.51.100.0/255.255.255.0", "2001:DB8:0::/32"]
    ci = load("test", stack(ci=user(sourceIps=networks))).identities["ci"]
    assert ci.source_ips == ("192.0.2.7/32", "198.51.100.0/24", "2001:db8::/32")


def test_the_words_of_access_are_those_that_actions_are_known_for() -> None:
    assert get_args(Word) == tuple(ACCESS)


def _shuffled(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: _shuffled(draw, value[key]) for key in keys}
    if isinstance(value, list):
        return [_shuffled(draw, inner) for inner in value]
    return value


@given(st.composite(_shuffled)(full()))
def test_the_order_of_keys_changes_nothing(config: dict[str, Any]) -> None:
    assert load("test", config) == load("test", full())


@pytest.mark.parametrize(
    ("of", "field"),
    [
        (lambda settings: settings, "tags"),
        (lambda settings: settings.identities["ci"], "grants"),
        (lambda settings: settings.identities["ci"].grants[0], "bucket"),
        (lambda settings: settings.identities["deploy"].trust, "projects"),
    ],
)
def test_settings_can_not_be_changed(of: Any, field: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(of(load("test", full())), field, None)


def test_the_config_itself_is_left_as_it_was() -> None:
    config = full()
    load("test", config)
    assert config == full()


def test_fields_are_not_known_by_their_names_in_python() -> None:
    config = stack(ci=role(trust=trust(project_id_claim=True), grants=[grant(kms_key=KEY)]))
    with pytest.raises(Exception, match="did you mean kmsKey") as caught:
        load("test", config)
    assert "did you mean projectIdClaim" in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        {"identities": {}},
        stack(ci=user(accessKeys=[])),
        *(stack(ci=user(accessKeys=labels)) for labels in (["2026-11"], ["a", "b"])),
        stack(ci=user(accessKeys=[{"label": "a", "active": False}, "b"])),
        stack(ci=user(accessKeys=["a"], deliver=[{"circleciContext": PROJECT}])),
        *(with_grant(access=words) for words in (["full"], ["list", "full"], ["list"])),
        with_grant(access=["list", "read", "write", "delete"], prefixes=["/", "a b/ÿ/", "a/"]),
        with_grant(access=[], actions=["s3:GetObjectTagging"]),
        *(with_grant(kmsKey=KEY.replace("arn:aws:", f"arn:{one}:")) for one in PARTITIONS),
        with_grant(kmsKey="arn:aws:kms:eu-west-1:111111111111:key/mrk-0a1b"),
        *(
            stack(ci=user(permissionsBoundary=f"arn:{one}:iam::aws:policy/job-function/x"))
            for one in PARTITIONS
        ),
        *(stack(ci=user(path=path)) for path in ("/", "/ci/", f"/{'a' * 510}/")),
        stack(ci=user(sourceIps=["192.0.2.0/24", "192.0.3.7", "2001:db8::/32", "0.0.0.0/0"])),
        stack(ci=user(tags={"k" * 128: "v" * 256, "Ünï 日": "", "a_.:/=+-@": "a aws:"})),
        stack(ci=user(tags={str(number): "" for number in range(25)}))
        | {"tags": {str(number): "" for number in range(50)}},
        *(stack(ci=role(maxSessionSeconds=seconds)) for seconds in (3600, 43200)),
        *(with_trust(projects=projects) for projects in (["*"], [PROJECT, USER])),
        with_trust(users=[USER, PROJECT], origins=["gitlab.acme.com/~me/a.b/c-d_e"]),
        *(
            with_trust(origins=["github.com/acme/app"], refs=[ref])
            for ref in (
                *("refs/*", "refs/heads/*", "refs/tags/v*", "refs/heads/a/b", "refs/pull/1/head"),
                *("refs/heads/vcs-ref-x", "refs/heads/ÿ", "refs/heads/v1.*", "refs/heads/a@b#!,;"),
            )
        ),
        with_trust(projects=[PROJECT], projectIdClaim=True),
        stack(**{"x" * 64: user(), "a_+=,.@-9": role()}),
    ],
)
def test_a_valid_value_is_taken(config: Config) -> None:
    assert told(config) == []
