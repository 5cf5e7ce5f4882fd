"""All that is wrong with a stack is told at once: no finding hides another."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from components.settings import SettingsError, load
from tests.unit.settings.configs import Config, full, told

Break = Callable[[Config, Config], Any]
"""Breaks one thing in the identities ``ci`` and ``deploy`` of the full stack."""


def _rename(of: Config, old: str, new: str) -> None:
    of[new] = of.pop(old)


def _first(grants: Config) -> Config:
    return grants["grants"][0]  # type: ignore[no-any-return]


# What is broken; how; what is said, at once or never. Each by its place: no two of one place go
# together. The kinds of checks that a validator may leave out are all here: of values, of lists
# beside their members, between fields, between identities, of keys.
FINDINGS: list[tuple[str, Break, list[str]]] = [
    (
        "ci.kind",
        lambda ci, _: ci.update(kind="usr"),
        ["identities.ci.kind: 'usr' is not one of user, role"],
    ),
    ("ci.kind", lambda ci, _: ci.pop("kind"), ["identities.ci.kind: is missing: user or role"]),
    (
        "deploy.kind",
        lambda _, deploy: deploy.pop("kind"),
        ["identities.deploy.kind: is missing: user or role"],
    ),
    (
        "ci.path",
        lambda ci, _: ci.update(path="ci"),
        ["identities.ci.path: 'ci' is no IAM path: it starts and ends with '/', as /ci/"],
    ),
    (
        "ci.acessKeys",
        lambda ci, _: ci.update(acessKeys=["a"]),
        ["identities.ci.acessKeys: is no key here; did you mean accessKeys?"],
    ),
    (
        "ci.accessKeys",
        lambda ci, _: ci.update(accessKeys=["a", "a", "b c"]),
        [
            (
                "identities.ci.accessKeys: 'b c' is not a label: "
                "1 to 32 letters, digits, '.', '_' or '-'"
            ),
            "identities.ci.accessKeys: 'a' stands there 2 times",
            "identities.ci.accessKeys: 3 labels; AWS allows 2 access keys for a user",
        ],
    ),
    (
        "ci.tags",
        lambda ci, _: ci.update(tags={"Project": "x", "n": 5, "a!": "", 5: ""}),
        [
            "identities.ci.tags.5: is no text, as a key must be; quote it",
            "identities.ci.tags.n: 5 is not text; quote it",
            "identities.ci.tags: 'a!' holds '!'; IAM takes letters, digits, spaces and _.:/=+-@",
            (
                "identities.ci.tags: together with the stack's tags: "
                "'Project' and 'project' are one key to IAM, which ignores case"
            ),
        ],
    ),
    (
        "ci.sourceIps",
        lambda ci, _: ci.update(sourceIps=["office", "office", 5]),
        [
            "identities.ci.sourceIps: 'office' is no network, as 192.0.2.0/24 or 2001:db8::/32",
            "identities.ci.sourceIps: 5 is not text; quote it",
            "identities.ci.sourceIps: 'office' stands there 2 times",
        ],
    ),
    (
        "ci.grants[0].bucket",
        lambda ci, _: _first(ci).pop("bucket"),
        ["identities.ci.grants[0].bucket: is missing: the bucket's name"],
    ),
    (
        "ci.grants[0].access",
        lambda ci, _: _first(ci).update(access=["full", "raed", "raed", "write", None]),
        [
            "identities.ci.grants[0].access: 'raed' is not one of list, read, write, delete, full",
            "identities.ci.grants[0].access: nothing is not one of list, read, write, delete, full",
            "identities.ci.grants[0].access: 'raed' stands there 2 times",
            "identities.ci.grants[0].access: full gives every action on objects; leave out write",
            "identities.ci.grants[0].access: full gives every action on objects; leave out actions",
        ],
    ),
    (
        "ci.grants[0].actions",
        lambda ci, _: _first(ci).update(actions=["s3:*", 5]),
        [
            (
                "identities.ci.grants[0].actions: "
                "'s3:*' is a wildcard; name each action, "
                "or use access: [full] for every action on objects"
            ),
            "identities.ci.grants[0].actions: 5 is not text; quote it",
        ],
    ),
    (
        "ci.grants[0].prefixes",
        lambda ci, _: _first(ci).update(prefixes=["b", "a/", "b", "a/"]),
        [
            "identities.ci.grants[0].prefixes: 'b' does not end in '/'; did you mean 'b/'?",
            "identities.ci.grants[0].prefixes: 'b' stands there 2 times",
            "identities.ci.grants[0].prefixes: 'a/' stands there 2 times",
        ],
    ),
    (
        "ci.grants[1]",
        lambda ci, _: ci["grants"].__setitem__(1, {"bucket": "A"}),
        [
            (
                "identities.ci.grants[1].bucket: 'A' is no bucket name: "
                "it takes 3 to 63 characters of a-z, 0-9, '.' and '-', "
                "a letter or digit at both ends"
            ),
            (
                "identities.ci.grants[1].access: "
                "is missing, and there are no actions: the grant grants nothing"
            ),
        ],
    ),
    (
        "deploy.maxSessionSeconds",
        lambda _, deploy: deploy.update(maxSessionSeconds="3600"),
        ["identities.deploy.maxSessionSeconds: '3600' is not a whole number"],
    ),
    (
        "deploy.grants",
        lambda _, deploy: deploy.update(grants=[]),
        ["identities.deploy.grants: is empty; name at least one"],
    ),
    (
        "deploy.trust.projects",
        lambda _, deploy: deploy["trust"].update(projects=["*", "app"]),
        [
            (
                "identities.deploy.trust.projects: "
                "'app' is no UUID, as 1f5ef4a1-7c1e-4a52-9e3f-0123456789ab; "
                "it is in Project Settings > Overview"
            ),
            "identities.deploy.trust.projects: '*' means every project; leave the others out",
            (
                "identities.deploy.trust.projectIdClaim: "
                "true with projects: ['*'] would check nothing; name the projects"
            ),
        ],
    ),
    (
        "deploy.trust.organization",
        lambda _, deploy: deploy["trust"].pop("organization"),
        [
            (
                "identities.deploy.trust.organization: is missing: "
                "the CircleCI organization's id (Organization Settings > Overview)"
            )
        ],
    ),
    (
        "deploy.trust.refs",
        lambda _, deploy: deploy["trust"].update(refs=["main"]) or deploy["trust"].pop("origins"),
        [
            (
                "identities.deploy.trust.refs: "
                "'main' does not start with refs/; did you mean 'refs/heads/main'?"
            ),
            (
                "identities.deploy.trust.refs: 'main' is a ref of every repository; "
                "add the origins that are meant, as [github.com/acme/app]"
            ),
        ],
    ),
    (
        "deploy.trust.user",
        lambda _, deploy: deploy["trust"].update(user="x"),
        ["identities.deploy.trust.user: is no key here; did you mean users?"],
    ),
]

# Of the stack itself.
STACK_FINDINGS: list[tuple[str, Callable[[Config], Any], list[str]]] = [
    (
        "oidcProvider",
        lambda config: config.update(oidcProvider="make"),
        ["oidcProvider: 'make' is not one of create, existing"],
    ),
    (
        "tags",
        lambda config: config["tags"].update({"a,": "b", "c": None}),
        [
            "tags.c: nothing is not text",
            "tags: 'a,' holds ','; IAM takes letters, digits, spaces and _.:/=+-@",
        ],
    ),
    (
        "identity",
        lambda config: config.update(identity={}),
        ["identity: is no key here; did you mean identities?"],
    ),
    (
        "CI",
        lambda config: config["identities"].update({"CI": 5, "no name": None}),
        [
            "identities.CI: 5 is not a mapping",
            "identities['no name']: nothing is not a mapping",
            "identities.CI: 'CI' and 'ci' are one name to IAM, which ignores case",
            "identities['no name']: 'no name' is no IAM name: it takes letters, digits and _+=,.@-",
        ],
    ),
]


def _on_stack(broken: Break) -> Callable[[Config], Any]:
    return lambda config: broken(config["identities"]["ci"], config["identities"]["deploy"])


ALL = [(place, _on_stack(broken), said) for place, broken, said in FINDINGS] + STACK_FINDINGS


def test_the_full_stack_is_valid() -> None:
    assert told(full()) == []


@pytest.mark.parametrize(("place", "broken", "said"), ALL)
def test_each_findings_alone(place: str, broken: Callable[[Config], Any], said: list[str]) -> None:
    config = full()
    broken(config)
    assert sorted(told(config)) == sorted(said), place


def test_no_two_findings_hide_one_another() -> None:
    for (place, broken, said), (other, also_broken, also_said) in combinations(ALL, 2):
        if place != other:
            config = full()
            broken(config)
            also_broken(config)
            assert sorted(told(config)) == sorted([*said, *also_said]), (place, other)


def test_all_findings_are_told_together() -> None:
    each = {place: (broken, said) for place, broken, said in ALL}
    config = full()
    for broken, _ in each.values():
        broken(config)
    assert sorted(told(config)) == sorted(line for _, said in each.values() for line in said)


def test_the_error_names_the_stack_in_every_line() -> None:
    config = full() | {"oidcProvider": "make", "x": 1}
    with pytest.raises(SettingsError) as caught:
        load("prod.eu", config)
    assert str(caught.value).split("\n") == [
        "Pulumi.prod.eu.yaml: oidcProvider: 'make' is not one of create, existing",
        "Pulumi.prod.eu.yaml: x: is no key here; there are identities, tags, oidcProvider",
    ]
    assert caught.value.stack == "prod.eu"
