"""Many grants on the real engine: one, forty and three hundred, and more than fit."""

from collections.abc import Iterator
from typing import Any

import pytest

from components.aws import limits
from components.iam.document import size
from tests.engine.harness import CliRun, Project, Stack
from tests.unit.policy.identities import ORGANIZATION

Grant = dict[str, Any]

_ROLE = {"kind": "role", "trust": {"organization": ORGANIZATION, "projects": ["*"]}}


def grants(count: int, bucket: str) -> list[Grant]:
    """A mix as teams have it: words, prefixes, actions of their own."""
    kinds: list[Grant] = [
        {"access": ["read"]},
        {"access": ["list", "read"], "prefixes": ["builds/"]},
        {"access": ["list", "read", "write"]},
        {"access": ["write"], "actions": ["s3:PutObjectTagging"]},
        {"access": ["full"]},
        {"access": ["read"], "kmsKey": "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d"},
    ]
    return [
        {"bucket": f"{bucket}-{number:03}", **kinds[number % len(kinds)]} for number in range(count)
    ]


def config(count: int, bucket: str) -> dict[str, Any]:
    held = grants(count, bucket)
    return {
        "identities": {
            "u": {"kind": "user", "grants": held, "requireTls": True},
            "r": {**_ROLE, "grants": held, "sourceIps": ["192.0.2.0/24"]},
        },
        "oidcProvider": "create",
    }


def user(count: int, bucket: str) -> dict[str, Any]:
    return {"identities": {"u": {"kind": "user", "grants": grants(count, bucket)}}}


def order_of(run: CliRun) -> list[tuple[str, str]]:
    """What the engine did, in its order: operations and names of resources."""
    return [(step["op"], step["urn"].rpartition("::")[2]) for step in run.steps]


def places(order: list[tuple[str, str]], operation: str, part: str) -> list[int]:
    return [at for at, (op, name) in enumerate(order) if op == operation and part in name]


def documents(stack: Stack) -> dict[str, dict[str, Any]]:
    """Every document of the stack's user and role, as read back."""
    iam = stack.iam
    found: dict[str, Any] = {}
    for name in iam.list_user_policies(UserName="u")["PolicyNames"]:
        found["u"] = iam.get_user_policy(UserName="u", PolicyName=name)["PolicyDocument"]
    for name in iam.list_role_policies(RoleName="r")["PolicyNames"]:
        found["r"] = iam.get_role_policy(RoleName="r", PolicyName=name)["PolicyDocument"]
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        version = iam.get_policy_version(
            PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"]
        )
        found[policy["PolicyName"]] = version["PolicyVersion"]["Document"]
    return found


@pytest.mark.parametrize("count", [1, 40, 300])
def test_any_number_of_grants_that_fits_is_made_within_limits(
    checkout: Project, bucket: str, count: int
) -> None:
    stack = checkout.stack(config(count, bucket))
    stack.up()
    stack.preview("--expect-no-changes")
    made = documents(stack)
    for name, document in made.items():
        limit = {"u": limits.INLINE["user"], "r": limits.INLINE["role"]}.get(name, limits.MANAGED)
        assert size(document) <= limit, name
    for identity in ("u", "r"):
        own = [one for name, one in made.items() if name.partition("-")[0] == identity]
        resources = {found for one in own for found in _resources(one)}
        named = {found.split(":::")[1].split("/")[0] for found in resources if ":::" in found}
        assert named == {grant["bucket"] for grant in grants(count, bucket)}
    attached = stack.iam.list_attached_user_policies(UserName="u")["AttachedPolicies"]
    assert bool(attached) is ("u" not in made)
    assert len(attached) <= limits.ATTACHED


def _resources(document: dict[str, Any]) -> Iterator[str]:
    for statement in document["Statement"]:
        found = statement["Resource"]
        yield from [found] if isinstance(found, str) else found


def test_what_can_not_fit_fails_in_the_preview_with_size_limit_and_the_heaviest(
    checkout: Project,
) -> None:
    prefixes = [f"team-{number}/artifacts/" for number in range(40)]
    held = [
        {"bucket": f"acme-{number:02}", "access": ["list", "read"], "prefixes": prefixes}
        for number in range(40)
    ]
    stack = checkout.stack({"identities": {"u": {"kind": "user", "grants": held}}}, buckets=False)
    run = stack.preview(ok=False)
    assert (
        "managed policies; a user may have 2,048 characters of inline policies and 10 managed"
        in run.messages
    )
    assert "Largest: grants[" in run.messages
    assert "Traceback" not in run.messages


def test_moving_between_inline_and_managed_never_leaves_a_moment_without_access(
    checkout: Project, bucket: str
) -> None:
    """The engine's steps come in their order: the new is attached before the old goes."""
    stack = checkout.stack(user(5, bucket))
    stack.up()
    stack.write(user(60, bucket))
    order = order_of(stack.up())
    attached = places(order, "create", "-attached-")
    assert attached
    assert max(attached) < order.index(("delete", "u-inline"))
    stack.write(user(5, bucket))
    order = order_of(stack.up())
    detached = places(order, "delete", "-attached-")
    assert order.index(("create", "u-inline")) < min(detached)


@pytest.mark.parametrize(("before", "after"), [(100, 130), (130, 100)])
def test_a_policy_is_rewritten_only_when_what_it_gives_up_is_attached_elsewhere(
    checkout: Project, bucket: str, before: int, after: int
) -> None:
    stack = checkout.stack(
        {"identities": {"u": {"kind": "user", "grants": grants(before, bucket)}}}
    )
    stack.up()
    stack.write({"identities": {"u": {"kind": "user", "grants": grants(after, bucket)}}})
    steps = stack.up("--parallel", "1").steps
    order = [(step["op"], step["urn"].rpartition("::")[2]) for step in steps]
    first = order.index(("update", "u-managed-0"))
    attached = places(order, "create", "-attached-")
    detached = places(order, "delete", "-attached-")
    assert attached or detached
    assert all(at < first for at in attached)
    assert all(at > first for at in detached)


def test_one_grant_more_rewrites_one_policy(checkout: Project, bucket: str) -> None:
    stack = checkout.stack({"identities": {"u": {"kind": "user", "grants": grants(100, bucket)}}})
    stack.up()
    more = [*grants(100, bucket), {"bucket": f"{bucket}-more", "access": ["read"]}]
    stack.write({"identities": {"u": {"kind": "user", "grants": more}}})
    changed = stack.up().changed
    assert list(changed) == ["update"]
    assert len(changed["update"]) == 1
