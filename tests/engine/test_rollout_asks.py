"""What `up` shows before it asks, and that it does what it showed."""

import pytest

from tests.engine.harness import Project, Stack
from tests.engine.rollouts import Rollout


@pytest.fixture
def stacks(checkout: Project) -> list[Stack]:
    made = [checkout.stack() for _ in range(2)]
    for stack in made:
        stack.write(config(stack))
    return made


def question(stacks: list[Stack]) -> str:
    return f"Deploy 2 stacks ({stacks[0].name}, {stacks[1].name})? [y/N]:"


def config(stack: Stack, *access: str) -> dict[str, object]:
    """A user and a role, whose trust needs a provider that is made in the same run."""
    held = {"grants": [{"bucket": f"asks-{stack.name}", "access": ["read", *access]}]}
    ids = [f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2)]
    trust = {"organization": ids[0], "projects": ids[1:]}
    return {
        "oidcProvider": "create",
        "identities": {
            "ci": {"kind": "user", "accessKeys": ["2026-11"], **held},
            "deploy": {"kind": "role", "trust": trust, **held},
        },
    }


def users(stacks: list[Stack]) -> list[str]:
    found = [stack.iam.list_users()["Users"] for stack in stacks]
    return [user["UserName"] for listed in found for user in listed]


def test_up_shows_all_sentences_and_then_asks_and_does_what_it_showed(stacks: list[Stack]) -> None:
    rollout = Rollout(stacks[0].project)
    with rollout.asking("up") as (running, answer):
        running.says(question(stacks))
        answer("n")
        refused = running.ended()
    assert refused.code == 1
    assert "Nothing was done." in refused.stderr
    shown, _, _ = refused.stderr.partition(question(stacks))
    assert "+ ci gains s3:GetObject on asks-<stack>/* (WIDER)" in shown
    assert "+ deploy trust: jobs of project" in shown
    assert "access: wider in 2 stacks" in shown
    assert users(stacks) == []

    with rollout.asking("up", "--json") as (running, answer):
        running.says(question(stacks))
        answer("y")
        done = running.ended()
    assert done.code == 0
    assert done.statuses == {stack.name: "succeeded" for stack in stacks}
    assert users(stacks) == ["ci", "ci"]
    assert rollout.run("preview", "--exit-code").code == 0


def test_what_was_not_shown_is_not_done(stacks: list[Stack]) -> None:
    rollout = Rollout(stacks[0].project)
    rollout.run("up", "--yes")
    with rollout.asking("up", "--json") as (running, answer):
        running.says(question(stacks))
        stacks[1].write(config(stacks[1], "delete"))
        answer("y")
        done = running.ended()
    assert done.code == 1
    assert done.statuses == {stacks[0].name: "succeeded", stacks[1].name: "failed"}
    text = stacks[1].iam.get_user_policy(UserName="ci", PolicyName="s3-access")["PolicyDocument"]
    assert "DeleteObject" not in str(text)


def test_nobody_is_asked_where_the_preview_fails(stacks: list[Stack]) -> None:
    """As where a bucket is missing, which no check of the files finds."""
    missing = f"missing-{stacks[1].name}"
    held = {"kind": "user", "grants": [{"bucket": missing, "access": ["read"]}]}
    stacks[1].write({"identities": {"ci": held}}, buckets=False)
    with Rollout(stacks[0].project).asking("up") as (running, _):
        ended = running.ended()
    assert ended.code == 1
    assert f"'{missing}' does not exist" in ended.stderr
    assert "The preview did not succeed, so nothing was deployed." in ended.stderr
    assert "Deploy 2 stacks" not in ended.stderr
    assert users(stacks) == []
