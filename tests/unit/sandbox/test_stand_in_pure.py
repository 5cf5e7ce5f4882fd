"""The stand-in's pure parts: check, diff, state, values, settings."""

from typing import Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import PropertyDiffKind
from pulumi.runtime import rpc

from sandbox.standin import checks, diffs, limits, states
from sandbox.standin.resource_type import ResourceType
from sandbox.standin.settings import read_settings, unknown_settings
from sandbox.standin.tables import TYPES, resource_type
from sandbox.standin.values import UNKNOWN, Values, from_wire, to_wire

USER = TYPES["aws:iam/user:User"]
ROLE = TYPES["aws:iam/role:Role"]
OLD = {"name": "ci", "path": "/", "arn": "a", "uniqueId": "u", "tagsAll": {}}


def test_what_a_program_leaves_out_is_filled_in() -> None:
    assert checks.with_defaults(USER, {"name": "ci"}) == {"name": "ci", "path": "/"}
    assert checks.with_defaults(USER, {"name": "ci", "path": "/a/"})["path"] == "/a/"


@pytest.mark.parametrize(
    ("inputs", "faulty"),
    [
        ({"name": "has space"}, ["name"]),
        ({"name": "u" * 65}, ["name"]),
        ({"name": "ci", "path": "a/"}, ["path"]),
        ({"nane": "ci"}, ["name", "nane"]),
        (
            {"name": "ci", "tags": "x", "permissionsBoundary": "x"},
            ["permissionsBoundary", "tags"],
        ),
        ({"name": UNKNOWN, "permissionsBoundary": UNKNOWN, "tags": {"a": UNKNOWN}}, []),
    ],
)
def test_faults_of_inputs(inputs: Values, faulty: list[str]) -> None:
    assert sorted(fault.property for fault in checks.faults(USER, inputs)) == faulty


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"name": "new"}, PropertyDiffKind.UPDATE),
        ({"permissionsBoundary": "arn:aws:iam::1:policy/x"}, PropertyDiffKind.ADD),
        ({"path": UNKNOWN}, PropertyDiffKind.UPDATE),
    ],
)
def test_a_user_changes_in_place(change: Values, kind: PropertyDiffKind) -> None:
    found = diffs.diff(USER, OLD, {**OLD, **change}, {})
    assert {name: detail.kind for name, detail in found.detailed_diff.items()} == {
        next(iter(change)): kind
    }
    assert found.replaces == []


def test_what_is_taken_away_is_deleted() -> None:
    old = {**OLD, "permissionsBoundary": "arn"}
    (detail,) = diffs.diff(USER, old, OLD, {}).detailed_diff.values()
    assert detail.kind is PropertyDiffKind.DELETE


def test_a_role_is_replaced_by_a_new_path_and_its_name_freed_first() -> None:
    old = {"name": "r", "path": "/", "assumeRolePolicy": "{}", "maxSessionDuration": 3600}
    found = diffs.diff(ROLE, {**old, "tagsAll": {}}, {**old, "path": "/new/"}, {})
    assert (found.replaces, found.delete_before_replace) == (["path"], True)


def test_tags_of_the_provider_are_a_change_only_where_they_differ() -> None:
    tagged = {**OLD, "tagsAll": {"team": "a"}}
    assert not diffs.diff(USER, tagged, OLD, {"team": "a"}).changes
    assert list(diffs.diff(USER, tagged, OLD, {"team": "b"}).detailed_diff) == ["tagsAll"]


def test_ignored_properties_are_no_change() -> None:
    assert not diffs.diff(USER, OLD, {**OLD, "path": "/x/"}, {}, ["path"]).changes


def test_a_preview_knows_the_inputs_and_not_what_aws_fills_in() -> None:
    planned = states.planned(USER, {}, {"name": "ci", "tagsAll": {}})
    assert planned == {"name": "ci", "tagsAll": {}, "arn": UNKNOWN, "uniqueId": UNKNOWN}
    assert states.planned(USER, OLD, {"name": "new"}) == {
        "name": "new",
        "arn": "a",
        "uniqueId": "u",
        "tagsAll": {},
    }


def test_a_refresh_writes_into_the_inputs_what_was_set_or_tells_something() -> None:
    state = {**OLD, "permissionsBoundary": "arn", "tags": {"a": "b"}}
    assert states.inputs_of(USER, {"path": "/old/"}, state) == {
        "name": "ci",
        "path": "/",
        "permissionsBoundary": "arn",
        "tags": {"a": "b"},
    }


def test_values_come_back_as_they_went() -> None:
    values: dict[str, Any] = {"s": "x", "n": 3600, "b": True, "l": ["a", {"b": 1}], "u": UNKNOWN}
    wire = to_wire({**values, "none": None}, ["s"])
    assert wire["u"].value == rpc.UNKNOWN
    back = from_wire(wire)
    assert back.values == values
    assert back.secrets == {"s"}


def test_a_secret_inside_makes_the_property_secret() -> None:
    inside = PropertyValue({"a": PropertyValue("x", is_secret=True)})
    assert from_wire({"tags": inside}).secrets == {"tags"}


def test_settings_come_as_text() -> None:
    settings = read_settings(
        {
            "region": "eu-west-1",
            "allowedAccountIds": '["111111111111"]',
            "assumeRoles": '[{"roleArn":"arn:aws:iam::111111111111:role/x"}]',
            "defaultTags": '{"tags":{"a":"b"}}',
        }
    )
    assert settings.allowed_accounts == ("111111111111",)
    assert settings.roles[0]["roleArn"].endswith("role/x")
    assert settings.default_tags == {"a": "b"}
    assert unknown_settings({"region": "x", "regoin": "y", "maxRetries": "3"}) == ["regoin"]


@pytest.mark.parametrize("row", TYPES.values(), ids=TYPES)
def test_every_input_replaces_or_is_changed_by_a_call(row: ResourceType) -> None:
    changed = {name for names in row.changes for name in names}
    kept = {name for name, one in row.inputs.items() if one.aws and not one.replaces}
    assert kept - {"tags"} == changed


def test_a_type_is_found_behind_its_parents() -> None:
    assert resource_type("a:b:C$aws:iam/user:User") is USER


def test_whitespace_does_not_count() -> None:
    assert limits.size('{ "a":\n\t"b" }') == len('{"a":"b"}')
