"""What becomes of creates that were cut short, from a state and from what AWS has."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rollout.deployed.account import AwsAccount
from rollout.execution.existing import find
from rollout.execution.pending import (
    Existing,
    Pending,
    Remedy,
    Window,
    accounts,
    held,
    is_unsettled,
    pending_creates,
    settled,
    settlements_of,
)

LAST_WRITE = datetime(2026, 11, 25, 12, tzinfo=UTC)
BEGAN = LAST_WRITE - timedelta(minutes=1)
IN_TIME = LAST_WRITE + timedelta(seconds=1)
BEFORE = BEGAN - timedelta(minutes=1)
LATER = LAST_WRITE + timedelta(hours=1)
WINDOW = Window.of(LAST_WRITE, BEGAN)

USER = "aws:iam/user:User"
USER_POLICY = "aws:iam/userPolicy:UserPolicy"
KEY = "aws:iam/accessKey:AccessKey"
ARN = "arn:aws:iam::111111111111:user/ci"


def resource(kind: str, name: str = "ci", **inputs: object) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::project::{kind}::{name}"
    return {"urn": urn, "custom": True, "type": kind, "inputs": inputs}


def create(kind: str, name: str = "ci", **inputs: object) -> Pending:
    return Pending(resource(kind, name, **inputs))


def remedy(kind: str, *found: Existing, held: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Decide about one create; return the remedy and the ids."""
    pending = create(kind, user="ci")
    (settlement,) = settlements_of([pending], {pending.urn: found}, held, WINDOW)
    return (settlement.remedy, *settlement.ids)


@pytest.mark.parametrize("kind", ["user:User", "role:Role", "policy:Policy"])
@pytest.mark.parametrize(
    ("found", "holds", "expected"),
    [
        pytest.param([], (), ("clear",), id="AWS has not done it"),
        pytest.param([Existing("ci", ARN, IN_TIME)], (), ("take", "ci"), id="ours"),
        pytest.param([Existing("ci", ARN, BEFORE)], (), ("clear",), id="there before the run"),
        pytest.param([Existing("ci", ARN, LATER)], (), ("clear",), id="made long after it"),
        pytest.param([Existing("ci", ARN, IN_TIME)], (ARN,), ("clear",), id="a state holds it"),
        pytest.param(
            [Existing("ci", ARN, IN_TIME, is_alike=False)], (), ("clear",), id="on another path"
        ),
    ],
)
def test_what_has_a_name_of_its_own_is_taken_if_it_is_ours(
    kind: str, found: list[Existing], holds: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert remedy(f"aws:iam/{kind}", *found, held=frozenset(holds)) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param([], ("clear",), id="AWS has not done it"),
        pytest.param([Existing("ci:s3", "ci:s3")], ("take", "ci:s3"), id="as asked"),
        pytest.param(
            [Existing("ci:s3", "ci:s3", is_alike=False)], ("clear",), id="another document"
        ),
    ],
)
def test_what_a_create_replaces_is_taken_if_it_is_as_asked(
    found: list[Existing], expected: tuple[str, ...]
) -> None:
    assert remedy(USER_POLICY, *found) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("userPoliciesExclusive:UserPoliciesExclusive", "clear"),
        ("rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "clear"),
        ("group:Group", "leave"),
    ],
)
def test_what_is_nothing_in_aws_is_created_again(kind: str, expected: str) -> None:
    assert remedy(f"aws:iam/{kind}") == (expected,)


def key(name: str, at: datetime = IN_TIME) -> Existing:
    return Existing(name, name, at)


@pytest.mark.parametrize(
    ("found", "holds", "expected"),
    [
        pytest.param([], (), ("clear",), id="AWS has not done it"),
        pytest.param([key("AKIA1")], (), ("delete", "AKIA1"), id="nobody has its secret"),
        pytest.param([key("AKIA1")], ("AKIA1",), ("clear",), id="a state holds it"),
        pytest.param([key("AKIA1", BEFORE)], (), ("clear",), id="there before the run"),
        pytest.param([key("AKIA1", LATER)], (), ("clear",), id="made by hand after it"),
        pytest.param(
            [key("AKIA1"), key("AKIA2")], ("AKIA1",), ("delete", "AKIA2"), id="one of two"
        ),
        pytest.param([key("AKIA1"), key("AKIA2")], (), ("leave",), id="one more than were made"),
    ],
)
def test_a_key_is_deleted_only_if_it_can_be_no_other(
    found: list[Existing], holds: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert remedy(KEY, *found, held=frozenset(holds)) == expected


def test_two_keys_of_two_creates_are_deleted_once_each() -> None:
    creates = [create(KEY, name, user="ci") for name in ("old", "new")]
    found = {one.urn: [key("AKIA1"), key("AKIA2")] for one in creates}
    settlements = settlements_of(creates, found, (), WINDOW)
    assert [(one.remedy, one.ids) for one in settlements] == [
        ("delete", ("AKIA1", "AKIA2")),
        ("clear", ()),
    ]


def test_a_key_of_one_of_two_creates_is_deleted() -> None:
    creates = [create(KEY, name, user="ci") for name in ("old", "new")]
    settlements = settlements_of(creates, {one.urn: [key("AKIA1")] for one in creates}, (), WINDOW)
    assert [(one.remedy, one.ids) for one in settlements] == [("delete", ("AKIA1",)), ("clear", ())]


def test_what_an_unknown_type_made_is_left() -> None:
    assert remedy("aws:s3/bucket:Bucket") == ("leave",)


@pytest.mark.parametrize(
    "own",
    [
        resource("pulumi:providers:aws"),
        {**resource("circleci-s3-access:index:User"), "custom": False},
    ],
)
def test_what_is_the_engines_own_is_not_in_aws(own: dict[str, Any]) -> None:
    (settlement,) = settlements_of([Pending(own)], {}, (), WINDOW)
    assert settlement.remedy is Remedy.CLEAR


A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=1)])
@pytest.mark.parametrize(
    ("began", "inside", "outside"),
    [
        # AWS tells whole seconds.
        (BEGAN, [BEGAN - A_SECOND, LAST_WRITE + 4 * A_MINUTE], [BEGAN - 3 * A_SECOND]),
        (None, [LAST_WRITE - 4 * A_MINUTE], [LAST_WRITE - 6 * A_MINUTE, LAST_WRITE + 6 * A_MINUTE]),
        # A run that began after the last write has not written.
        (LATER, [LAST_WRITE - 4 * A_MINUTE, LAST_WRITE], [LATER, LAST_WRITE - 6 * A_MINUTE]),
    ],
)
def test_a_runs_time_is_from_its_begin_to_soon_after_the_last_write(
    began: datetime | None, inside: list[datetime], outside: list[datetime], ahead: timedelta
) -> None:
    window = Window.of(LAST_WRITE, began, ahead)
    assert [at + ahead in window for at in inside] == [True] * len(inside)
    assert [at + ahead in window for at in outside] == [False] * len(outside)
    assert None not in window


def state(*resources: dict[str, Any], pending: tuple[str, dict[str, Any]] | None) -> dict[str, Any]:
    operations = [] if pending is None else [{"type": pending[0], "resource": pending[1]}]
    return {"resources": list(resources), "pending_operations": operations}


def settle(deployment: dict[str, Any], *found: Existing) -> list[dict[str, Any]]:
    """Settle a state whose one pending create AWS has done, if any is found."""
    pending = pending_creates(deployment)
    there = {one.urn: found for one in pending}
    after = settled(deployment, settlements_of(pending, there, set(held(deployment)), WINDOW))
    assert not is_unsettled(after)
    resources: list[dict[str, Any]] = after["resources"]
    return resources


@pytest.mark.parametrize(
    ("own", "mark"),
    [
        ({"id": "ci", "outputs": {"arn": ARN}}, ARN),
        ({"id": "ci:inline"}, "ci:inline"),
        ({"id": "ci-2026", "outputs": {"user": "ci", "policyArn": "arn:p"}}, "ci/arn:p"),
        ({"id": "ci-2026", "outputs": {"role": "ci", "policyArn": "arn:p"}}, "ci/arn:p"),
    ],
)
def test_what_a_state_holds_is_told_by_what_aws_calls_it(own: dict[str, Any], mark: str) -> None:
    assert list(held({"resources": [own]})) == [mark]


def provider(*allowed: str) -> dict[str, Any]:
    return {"type": "pulumi:providers:aws", "inputs": {"allowedAccountIds": json.dumps(allowed)}}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([provider("222222222222"), {"outputs": {"arn": ARN}, "type": USER}], {"111111111111"}),
        ([provider("222222222222")], {"222222222222"}),
        ([{"type": "pulumi:providers:aws"}], set()),
    ],
)
def test_a_state_tells_its_account(resources: list[dict[str, Any]], expected: set[str]) -> None:
    assert accounts({"resources": resources}) == expected


def test_what_is_taken_in_is_read_before_the_next_update() -> None:
    there, new = {**resource(USER, "other"), "id": "other"}, resource(USER)
    assert settle(state(there, pending=("creating", new)), Existing("ci", ARN, IN_TIME)) == [
        there,
        {**new, "id": "ci", "refreshBeforeUpdate": True},
    ]


def test_what_is_not_taken_in_is_not_pending_any_more() -> None:
    assert settle(state(pending=("creating", resource(USER)))) == []


def test_what_it_was_to_replace_is_deleted_by_the_next_update() -> None:
    old, new = {**resource(USER_POLICY), "id": "ci:old"}, resource(USER_POLICY)
    assert settle(state(old, pending=("creating", new)), Existing("ci:new", "ci:new")) == [
        {**new, "id": "ci:new", "refreshBeforeUpdate": True},
        {**old, "delete": True},
    ]


def test_what_it_replaces_and_was_deleted_first_is_no_more() -> None:
    outputs = {"arn": ARN}
    old = {**resource(USER), "id": "ci", "outputs": outputs, "pendingReplacement": True}
    assert settle(
        state(old, pending=("creating", resource(USER))), Existing("ci", ARN, IN_TIME)
    ) == [{**resource(USER), "id": "ci", "refreshBeforeUpdate": True}]


@pytest.mark.parametrize("operation", ["updating", "deleting"])
def test_what_was_being_changed_is_read_before_the_next_update(operation: str) -> None:
    there, other = {**resource(USER), "id": "ci"}, {**resource(USER, "other"), "id": "other"}
    assert settle(state(there, other, pending=(operation, resource(USER)))) == [
        {**there, "refreshBeforeUpdate": True},
        other,
    ]


def test_what_is_deleted_in_any_case_is_not_read() -> None:
    old = {**resource(USER), "id": "ci", "delete": True}
    assert settle(state(old, pending=("deleting", resource(USER)))) == [old]


def test_a_killed_create_of_a_place_for_keys_is_taken_over_where_aws_has_done_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    types = {"/ci/x": "aws:ssm/parameter:Parameter", "ci/x": "aws:secretsmanager/secret:Secret"}
    pending = [
        Pending({"urn": f"urn::{name}", "type": type_, "custom": True, "inputs": {"name": name}})
        for name, type_ in types.items()
    ]
    now = datetime.now(UTC)
    window = Window(now - timedelta(minutes=5), now + timedelta(minutes=5))

    def remedies() -> list[Remedy]:
        found = {one.urn: find(account, one) for one in pending}
        return [one.remedy for one in settlements_of(pending, found, set(), window)]

    with mock_aws():
        session = boto3.Session("x", "x", region_name="eu-west-1")
        iam, sts = session.client("iam"), session.client("sts")
        account = AwsAccount("1" * 12, "aws", iam, timedelta(), "eu-west-1", sts, session)
        assert remedies() == [Remedy.CLEAR, Remedy.CLEAR]
        ssm, secrets = boto3.client("ssm", "eu-west-1"), boto3.client("secretsmanager", "eu-west-1")
        ssm.put_parameter(Name="/ci/x", Type="SecureString", Value="x")
        secrets.create_secret(Name="ci/x")
        assert remedies() == [Remedy.TAKE, Remedy.TAKE]
        ssm.put_parameter(Name="/ci/x", Type="SecureString", Value="y", Overwrite=True)
        assert remedies() == [Remedy.CLEAR, Remedy.TAKE]  # it was there before
