"""The client of CircleCI's API: pages, waiting, and errors that show no secret."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from components.settings import Delivery
from rollout.errors import RolloutError
from rollout.keys.circleci import CircleCi, CircleCiError
from rollout.keys.delivering import Pair, deliver
from rollout.keys.user_keys import Delivered, UserKeys
from tests.unit.rollout.fake_circleci import TOKEN, FakeCircleCi, serving

OURS: Final = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
THEIRS: Final = "2f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
SECRET: Final = "wJalrXUtnFEMI/a+secret"


@pytest.fixture
def server() -> Iterator[FakeCircleCi]:
    with serving() as fake:
        fake.organizations.add(OURS)
        yield fake


def place(**given: Any) -> Delivery:
    return Delivery.model_validate(given)


def test_a_context_is_found_by_its_name_on_any_page_and_its_variables_are_written(
    server: FakeCircleCi,
) -> None:
    ids = [server.context(f"c{number}", OURS) for number in range(5)]
    client = CircleCi(server.environment)
    for number, id_ in enumerate(ids):
        assert client.context_id(place(circleciContext=f"c{number}", owner=OURS)) == id_
    assert server.calls == ["GET /api/v2/context"] * 3
    assert client.context_id(place(circleciContext=ids[0])) == ids[0]
    began = datetime.now(UTC)
    for name in ("A", "B", "C"):
        client.write(ids[0], name, SECRET)
    assert server.contexts[ids[0]].variables == dict.fromkeys("ABC", SECRET)
    written = client.written(ids[0])
    assert sorted(written) == ["A", "B", "C"]
    assert all(at >= began for at in written.values())


def test_it_waits_as_long_as_the_server_says(
    server: FakeCircleCi, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    context = server.context("c", OURS)
    server.throttled = 2
    client = CircleCi(server.environment)
    client.write(context, "A", SECRET)
    assert (slept, server.contexts[context].variables) == ([7, 7], {"A": SECRET})
    server.throttled = 100
    with pytest.raises(CircleCiError, match="429: too many requests"):
        client.write(context, "A", SECRET)


FOREIGN: Final = "404: there is no such context, or it is of an organization that the token's"


@pytest.mark.parametrize(
    ("environment", "context", "message"),
    [
        ({"CIRCLECI_TOKEN": "CCIPAT_other"}, "ours", "401: the token in CIRCLECI_TOKEN is not"),
        ({}, "theirs", FOREIGN),
        ({}, "none", FOREIGN),
        ({"CIRCLECI_URL": "http://127.0.0.1:9"}, "ours", "can't be reached"),
        ({"CIRCLECI_URL": "http://ci.example.com"}, "ours", "CIRCLECI_URL is not a URL with https"),
        ({"CIRCLECI_TOKEN": ""}, "ours", "set CIRCLECI_TOKEN to a personal API token"),
    ],
)
def test_an_error_is_one_message_without_the_token_and_the_value(
    environment: dict[str, str],
    context: str,
    message: str,
    server: FakeCircleCi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda _: None)
    ids = {"ours": server.context("c", OURS), "theirs": server.context("c", THEIRS)}
    given = {**server.environment, **environment}
    with pytest.raises(CircleCiError) as caught:
        CircleCi(given).write(ids.get(context, "none"), "AWS_SECRET_ACCESS_KEY", SECRET)
    told = f"{caught.value}"
    assert message in told
    assert "\n" not in told
    for secret in (TOKEN, "CCIPAT_other", SECRET):
        assert secret not in repr(caught.value) + told
    assert caught.value.__cause__ is None
    assert server.contexts[ids["theirs"]].variables == {}


def test_a_name_of_another_organization_is_not_found(server: FakeCircleCi) -> None:
    server.context("deploy", THEIRS)
    client = CircleCi(server.environment)
    with pytest.raises(CircleCiError, match="has no context 'deploy' that the token's user"):
        client.context_id(place(circleciContext="deploy", owner=OURS))
    with pytest.raises(CircleCiError, match="404"):
        client.context_id(place(circleciContext="deploy", owner=THEIRS))


def test_the_secret_is_written_before_the_id_and_both_are_looked_at(server: FakeCircleCi) -> None:
    context = server.context("c", OURS)
    one = Delivered(place(circleciContext=context))
    user = UserKeys("dev", "ci", "111111111111", deliveries=(one,))
    pair = Pair("AKIAMADEUP", SECRET)
    assert deliver(CircleCi(server.environment), user, pair) == [
        f"context {context}: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"
    ]
    assert [call.rpartition("/")[2] for call in server.calls if call.startswith("PUT")] == [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
    ]
    server.loses.add("AWS_ACCESS_KEY_ID")
    with pytest.raises(RolloutError) as caught:
        deliver(CircleCi(server.environment), user, pair)
    assert "AWS_ACCESS_KEY_ID of context" in str(caught.value)
    assert SECRET not in str(caught.value) + repr(pair)
