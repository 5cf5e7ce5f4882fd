"""All that is wrong with a stack is told at once: no finding hides another."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from tests.unit.settings.configs import Config, full, told

Break = Callable[[Config, Config], Any]
"""Breaks one thing in the identities ``ci`` and ``deploy`` of the full stack."""


def _first(grants: Config) -> Config:
    return grants["grants"][0]  # type: ignore[no-any-return]


# Where something is broken, how, and how many findings that gives; what they say is in
# ``test_messages``. No two of one place go together. The kinds of checks that a validator may leave
# out are all here: of values, of lists beside their members, between fields, between identities,
# of keys.
IN_IDENTITIES: list[tuple[str, Break, int]] = [
    ("ci.kind", lambda ci, _: ci.update(kind="usr"), 1),
    ("ci.kind", lambda ci, _: ci.pop("kind"), 1),
    ("deploy.kind", lambda _, deploy: deploy.pop("kind"), 1),
    ("ci.path", lambda ci, _: ci.update(path="ci"), 1),
    ("ci.acessKeys", lambda ci, _: ci.update(acessKeys=["a"]), 1),
    ("ci.accessKeys", lambda ci, _: ci.update(accessKeys=["a", "a", "b c"]), 3),
    ("ci.tags", lambda ci, _: ci.update(tags={"Project": "x", "n": 5, "a!": "", 5: ""}), 4),
    ("ci.sourceIps", lambda ci, _: ci.update(sourceIps=["office", "office", 5]), 3),
    ("ci.grants[0].bucket", lambda ci, _: _first(ci).pop("bucket"), 1),
    (
        "ci.grants[0].access",
        lambda ci, _: _first(ci).update(access=["full", "raed", "raed", "write", None]),
        5,
    ),
    ("ci.grants[0].actions", lambda ci, _: _first(ci).update(actions=["s3:*", 5]), 2),
    ("ci.grants[0].prefixes", lambda ci, _: _first(ci).update(prefixes=["b", "a/", "b", "a/"]), 3),
    ("ci.grants[1]", lambda ci, _: ci["grants"].__setitem__(1, {"bucket": "A"}), 2),
    ("deploy.maxSessionSeconds", lambda _, deploy: deploy.update(maxSessionSeconds="3600"), 1),
    ("deploy.grants", lambda _, deploy: deploy.update(grants=[]), 1),
    (
        "deploy.trust.projects",
        lambda _, deploy: deploy["trust"].update(projects=["*", "app"]),
        3,
    ),
    ("deploy.trust.organization", lambda _, deploy: deploy["trust"].pop("organization"), 1),
    (
        "deploy.trust.refs",
        lambda _, deploy: deploy["trust"].update(refs=["main"]) or deploy["trust"].pop("origins"),
        2,
    ),
    ("deploy.trust.user", lambda _, deploy: deploy["trust"].update(user="x"), 1),
]
IN_STACK: list[tuple[str, Callable[[Config], Any], int]] = [
    ("oidcProvider", lambda config: config.update(oidcProvider="make"), 1),
    ("tags", lambda config: config["tags"].update({"a,": "b", "c": None}), 2),
    ("identity", lambda config: config.update(identity={}), 1),
    ("CI", lambda config: config["identities"].update({"CI": 5, "no name": None}), 4),
]


def _on_stack(broken: Break) -> Callable[[Config], Any]:
    return lambda config: broken(config["identities"]["ci"], config["identities"]["deploy"])


ALL = [(place, _on_stack(broken), count) for place, broken, count in IN_IDENTITIES] + IN_STACK


def _told(*breaks: Callable[[Config], Any]) -> list[str]:
    config = full()
    for broken in breaks:
        broken(config)
    return sorted(told(config))


def test_the_full_stack_is_valid() -> None:
    assert told(full()) == []


@pytest.mark.parametrize(("place", "broken", "count"), ALL)
def test_no_finding_of_one_place_hides_another(
    place: str, broken: Callable[[Config], Any], count: int
) -> None:
    assert len(_told(broken)) == count, place


def test_no_finding_hides_one_of_another_place() -> None:
    for (place, broken, _), (other, also_broken, _) in combinations(ALL, 2):
        if place != other:
            alone = sorted(_told(broken) + _told(also_broken))
            assert _told(broken, also_broken) == alone, (place, other)


def test_all_findings_are_told_together() -> None:
    each = {place: broken for place, broken, _ in ALL}
    alone = sorted(line for broken in each.values() for line in _told(broken))
    assert _told(*each.values()) == alone
