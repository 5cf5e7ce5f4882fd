"""A component's properties are checked as the program checks a stack's config."""

from typing import Any

import pytest
from hypothesis import given
from pulumi.errors import InputPropertiesError
from pulumi.output import UNKNOWN

from components.policy.layout import layouts
from components.settings import load
from components.settings.model import Grant, Role, Trust, User
from plugin import properties
from plugin.reading import PROVIDER, check_identity
from tests.unit.policy.identities import ORGANIZATION, configs

USER: dict[str, Any] = {
    "accessKeys": ["a"],
    "exclusive": True,
    "grants": [
        {
            "bucket": "acme",
            "access": ["read"],
            "actions": ["s3:GetObjectTagging"],
            "prefixes": ["builds/"],
            "kmsKey": "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d",
        }
    ],
    "path": "/ci/",
    "permissionsBoundary": "arn:aws:iam::111111111111:policy/edge",
    "requireTls": True,
    "sourceIps": ["192.0.2.0/25"],
    "tags": {"team": "platform"},
}
TRUST: dict[str, Any] = {
    "organization": ORGANIZATION,
    "projects": [ORGANIZATION],
    "users": [ORGANIZATION],
    "origins": ["github.com/acme/app"],
    "refs": ["refs/heads/main"],
    "projectIdClaim": True,
}
ROLE: dict[str, Any] = {
    **{key: value for key, value in USER.items() if key != "accessKeys"},
    "maxSessionSeconds": 7200.0,  # as Pulumi passes it
    "trust": TRUST,
}


def wrong(kind: Any, given: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InputPropertiesError) as caught:
        check_identity(kind, "ci", given, "aws")
    return {one["property_path"]: one["reason"] for one in caught.value.errors or ()}


@pytest.mark.parametrize(
    ("declared", "model", "own"),
    [
        (properties.UserProperties, User, {"name"}),
        (properties.RoleProperties, Role, {"name", PROVIDER}),
        (properties.Grant, Grant, set()),
        (properties.Trust, Trust, set()),
    ],
)
def test_the_properties_are_the_keys_of_the_config(
    declared: Any, model: Any, own: set[str]
) -> None:
    # `rollout keys` delivers what a stack's file says; a program has the key as an output.
    keys = {field.alias for field in model.model_fields.values()} - {"kind", "deliver"}
    assert set(declared.__annotations__) == keys | own
    required = {one.alias for one in model.model_fields.values() if one.is_required()} - {"kind"}
    assert declared.__required_keys__ == required


@given(configs("user") | configs("role"))
def test_documents_are_those_of_the_program(config: dict[str, Any]) -> None:
    settings = load("dev", {"identities": {"ci": config}})
    own = {key: value for key, value in config.items() if key != "kind"}
    checked = check_identity(config["kind"], "ci", own, "aws")
    assert checked.settings == settings.identities["ci"]
    assert checked.layout == layouts("dev", settings, "aws")["ci"]


@pytest.mark.parametrize(
    ("kind", "given", "steps"),
    [("user", USER, (key,)) for key in USER]
    + [("user", USER, ("grants", 0)), ("user", USER, ("tags", "team"))]
    + [("user", USER, ("grants", 0, key)) for key in USER["grants"][0]]
    + [("user", USER, ("grants", 0, "prefixes", 0)), ("role", ROLE, ("maxSessionSeconds",))]
    + [("role", ROLE, ("trust",)), ("role", ROLE, ("trust", "projects", 0))]
    + [("role", ROLE, ("trust", key)) for key in TRUST],
)
def test_what_is_unknown_is_told_and_hides_no_finding(
    kind: Any, given: dict[str, Any], steps: tuple[str | int, ...]
) -> None:
    def without(value: Any, rest: tuple[str | int, ...]) -> Any:
        if not rest:
            return UNKNOWN
        at = dict(enumerate(value)) if isinstance(value, list) else dict(value)
        at[rest[0]] = without(at[rest[0]], rest[1:])
        return list(at.values()) if isinstance(value, list) else at

    early = without(given, steps)
    checked = check_identity(kind, "ci", early, "aws")
    assert len(checked.unknown) == 1
    in_no_document = {"path", "permissionsBoundary", "tags", "maxSessionSeconds"}
    assert checked.has_documents is (steps[0] in in_no_document)
    if steps[0] != "path":
        assert "path" in wrong(kind, {**early, "path": "ci"})


def test_resources_get_no_example() -> None:
    early = {**USER, "path": UNKNOWN, "tags": {"team": UNKNOWN, "env": "dev"}}
    settings: Any = check_identity("user", "ci", early, "aws").settings
    assert settings.path is UNKNOWN
    assert settings.tags == {"team": UNKNOWN, "env": "dev"}


def test_findings_name_the_properties_all_at_once() -> None:
    given = {**USER, "grants": [{"bucket": "Acme", "access": ["raed"]}], "path": "ci"}
    assert wrong("user", given).keys() == {"grants[0].bucket", "grants[0].access", "path"}


def test_a_wrong_name_is_a_finding_about_the_name() -> None:
    with pytest.raises(InputPropertiesError) as caught:
        check_identity("user", "c i", USER, "aws")
    assert [one["property_path"] for one in caught.value.errors or ()] == ["name"]


def test_sizes_are_checked_once_all_is_known() -> None:
    grants = [{"bucket": f"acme-{'x' * 50}-{i}", "access": ["read"]} for i in range(1200)]
    assert "grants" in wrong("user", {"grants": grants})
    early = check_identity("user", "ci", {"grants": grants, "tags": UNKNOWN}, "aws")
    assert early.unknown == ("tags",)


def test_a_provider_of_another_organization_is_refused() -> None:
    arn = "arn:aws:iam::111111111111:oidc-provider/oidc.circleci.com/org/other"
    assert wrong("role", {**ROLE, PROVIDER: arn}).keys() == {PROVIDER}
    check_identity("role", "ci", {**ROLE, PROVIDER: UNKNOWN}, "aws")
