"""What is due for a user's keys, by the table alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import AccessKey, Delivery
from rollout.deployed.model import DeployedKey, LastUse
from rollout.keys.steps import Asked, Step, due, new_labels, rolled_back
from rollout.keys.user_keys import Delivered, Held, UserKeys

NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
ASKED: Final = Asked(NOW, 90 * DAY, DAY)
CONTEXT: Final = Delivery.model_validate(
    {"circleciContext": "c", "owner": "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"}
)
PARAMETER: Final = Delivery.model_validate({"ssmParameter": "/x"})


def ago(days: float) -> datetime:
    return NOW - days * DAY


def key(id_: str, made: float, used: float | None = None, *, active: bool = True) -> DeployedKey:
    last = None if used is None else LastUse(ago(used), "eu-west-1", "s3")
    return DeployedKey(id_, active, ago(made), last)


def label(name: str, *, active: bool = True) -> AccessKey:
    return AccessKey(label=name, active=active)


A, B, A_OFF = label("a"), label("b"), label("a", active=False)
HELD: Final = {"a": Held("AKIA-A"), "b": Held("AKIA-B")}


def user(*keys: DeployedKey, **more: Any) -> UserKeys:
    """A user with the labels a and b, whose current key is where it belongs since 3 days."""
    made = {
        "labels": (A, B),
        "held": HELD,
        "output": "AKIA-B",
        "deliveries": (Delivered(CONTEXT, ago(3)),),
    }
    return UserKeys("dev", "ci", "111111111111", keys=keys, **{**made, **more})


OLD, NEW = key("AKIA-A", 100, 4), key("AKIA-B", 3.1)
OFF: Final = key("AKIA-A", 100, 4, active=False)
ONE: Final = {"labels": (A,), "held": {"a": HELD["a"]}, "output": "AKIA-A"}
OFF_SINCE: Final = {"labels": (A_OFF, B), "held": {**HELD, "a": Held("AKIA-A", ago(1.5))}}

CASES: Final = [
    (user(labels=(), held=None), Step.NOTHING, ""),
    (user(held=None), Step.ASK, "not deployed"),
    (user(key("AKIA-A", 89), **ONE), Step.NOTHING, ""),
    (user(key("AKIA-A", 91), **ONE), Step.NEW, "91 days old"),
    (user(key("AKIA-A", 91), key("AKIA-X", 5), **ONE), Step.ASK, "did not make …IA-X"),
    (user(key("AKIA-A", 1), **ONE, deliveries=()), Step.NOTHING, ""),
    (user(key("AKIA-A", 1), **{**ONE, "labels": (A, B)}), Step.DEPLOY, "label b has no key yet"),
    (user(key("AKIA-A", 1, active=False), **ONE), Step.DEPLOY, "is active in the file"),
    (user(OLD, NEW, output="AKIA-A"), Step.DEPLOY, "not in the stack's outputs"),
    (user(OLD, NEW, deliveries=(Delivered(PARAMETER, ago(4)),)), Step.DEPLOY, "parameter /x has"),
    (user(OLD, NEW, labels=(A,)), Step.RESTORE, "label b is newer than those in the file"),
    (user(OLD, NEW, labels=(B,)), Step.ASK, "no label a any more, and its key …IA-A is active"),
    (user(OFF, NEW, labels=(B,)), Step.DEPLOY, "no label a any more"),
    (user(OLD, NEW, deliveries=(Delivered(CONTEXT),)), Step.DELIVER, "is not in context c"),
    (user(OLD, NEW, deliveries=(Delivered(CONTEXT, ago(4)),)), Step.DELIVER, "is not in context c"),
    (user(OLD, NEW, deliveries=(Delivered(CONTEXT, None, "no token"),)), Step.ASK, "no token"),
    (user(OLD, NEW), Step.SWITCH_OFF, "was not used since 2026-11-22 12:00 UTC"),
    (user(key("AKIA-A", 100), NEW), Step.SWITCH_OFF, "was not used"),
    (user(key("AKIA-A", 9, 2.9), NEW), Step.IN_USE, "last used on 2026-11-22 14:24 UTC with s3 in"),
    (
        user(OLD, key("AKIA-B", 0.6), deliveries=(Delivered(CONTEXT, ago(0.5)),)),
        Step.WAIT,
        "a is made inactive after 2026-11-26 00:00 UTC",
    ),
    (user(OLD, NEW, deliveries=()), Step.WAIT, "the key of label b was never used"),
    (user(OLD, key("AKIA-B", 3, 1), deliveries=()), Step.SWITCH_OFF, "for the quiet time"),
    (
        user(key("AKIA-A", 9, 0.5), key("AKIA-B", 3, 1), deliveries=()),
        Step.IN_USE,
        "was used lately",
    ),
    (user(OLD, NEW, **OFF_SINCE), Step.DEPLOY, "a is inactive in the file"),
    (
        user(key("AKIA-A", 9, 2), NEW, **OFF_SINCE),
        Step.ASK,
        "switches a off, and its key …IA-A was last used on 2026-11-23",
    ),
    (user(OLD, **OFF_SINCE), Step.ASK, "the current key is not in all its places"),
    (user(OFF, NEW, **OFF_SINCE), Step.DELETE, "inactive since 2026-11-24 00:00 UTC"),
    (
        user(OFF, NEW, labels=(A_OFF, B), held={**HELD, "a": Held("AKIA-A", ago(0.5))}),
        Step.WAIT,
        "a is deleted after 2026-11-26 00:00 UTC",
    ),
    (user(OFF, NEW, labels=(A_OFF, B)), Step.WAIT, "when a became inactive is not known"),
    (
        user(OLD, NEW, labels=(B, A), output="AKIA-A"),
        Step.ASK,
        "a is current again, and b is newer",
    ),
]


@pytest.mark.parametrize(("given", "step", "words"), CASES)
def test_the_first_row_that_is_true_is_due(given: UserKeys, step: Step, words: str) -> None:
    found, told = due(given, ASKED)
    assert (found, words in told) == (step, True), told


@given(
    made=st.integers(1, 99),
    delivered=st.integers(0, 99),
    used=st.integers(0, 99),
    quiet=st.integers(0, 9),
    off=st.booleans(),
)
def test_a_key_that_was_used_after_the_delivery_is_never_switched_off_or_deleted(
    made: int, delivered: int, used: int, quiet: int, *, off: bool
) -> None:
    old, new = key("AKIA-A", 500, used), key("AKIA-B", made)
    one = user(old, new, deliveries=(Delivered(CONTEXT, ago(delivered)),))
    asked = replace(ASKED, quiet_for=quiet * DAY)
    step, _ = due(one, asked)
    if delivered > made:
        assert step is Step.DELIVER
    elif used <= delivered:  # AWS tells whole seconds
        assert step is Step.IN_USE
    else:
        assert step is (Step.SWITCH_OFF if delivered >= quiet else Step.WAIT)
    if off:
        turned = user(replace(old, active=False), new, labels=(A_OFF, B), held=HELD)
        assert due(turned, asked)[0] is not Step.DELETE  # since when is not known


@pytest.mark.parametrize(
    ("given", "step", "labels"),
    [
        (user(**ONE), Step.NEW, (A, label("2026-11"))),
        (
            user(**{**ONE, "labels": (label("2026-11"),)}),
            Step.NEW,
            (label("2026-11"), label("2026-11-25")),
        ),
        (user(OLD, NEW, labels=(A,)), Step.RESTORE, (A, B)),
        (user(OLD, NEW), Step.SWITCH_OFF, (A_OFF, B)),
        (user(OFF, NEW, **OFF_SINCE), Step.DELETE, (B,)),
        (user(OLD, NEW), Step.DEPLOY, (A, B)),
    ],
)
def test_a_step_changes_one_label_of_the_file(
    given: UserKeys, step: Step, labels: tuple[AccessKey, ...]
) -> None:
    assert new_labels(given, step, NOW) == labels


def test_a_rollback_makes_the_older_key_current_however_often_it_is_run() -> None:
    once = rolled_back(user(OFF, NEW, labels=(A_OFF, B)))
    assert once == (B, A)
    assert rolled_back(user(OLD, NEW, labels=(B, A))) == once
    assert rolled_back(user(key("AKIA-A", 91), **ONE)) is None
