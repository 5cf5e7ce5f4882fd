"""`keys` on the real engine and moto: what is shown, and rotations, also killed between acts."""

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
import yaml

from sandbox.environment import environment, for_process
from sandbox.folder import CHECKOUT
from tests.engine.harness import Project, Stack
from tests.engine.rollouts import Ran, until
from tests.unit.rollout.fake_circleci import TOKEN, FakeCircleCi, serving

Env = Mapping[str, str]
NO_TOKEN: Final[Env] = {}
OWNER: Final = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"

LATER = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from rollout import cli
from rollout.keys import circleci, commands, rotating
later, left = timedelta(days=float(sys.argv.pop(1))), int(sys.argv.pop(1))
commands.NOW = lambda: datetime.now(UTC) + later

def killing(owner, name):
    act = getattr(owner, name)
    def acting(*args, **more):
        global left
        done = act(*args, **more)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    setattr(owner, name, acting)

for owner, name in (
    (rotating, "write_labels"), (rotating, "carry_out"), (rotating, "prove"),
    (circleci.CircleCi, "write"),
):
    killing(owner, name)
if __name__ == "__main__":
    sys.exit(cli.main())
"""
"""The command line, so many days from now: AWS and CircleCI keep real times.

It kills itself after so many acts: a file written, stacks deployed, a call, a variable written.
"""


def config(bucket: str, *labels: Any, **more: Any) -> dict[str, Any]:
    grants = [{"bucket": bucket, "access": ["read"]}]
    ci = {"kind": "user", "grants": grants, "accessKeys": list(labels), **more}
    return {"identities": {"ci": ci}}


def keys(stack: Stack, *args: str, days: float = 0, kill: int = 0, env: Env = NO_TOKEN) -> Ran:
    """Run `keys` so many days later; the command lines of its processes are in what it printed."""
    sandbox = stack.project.sandbox
    made = for_process(environment(sandbox.folder, sandbox.running, None))
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", LATER, str(days), str(kill), "keys", *args],
            cwd=stack.project.root,
            env={**made, "PYTHONPATH": str(CHECKOUT), **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        lines: set[str] = set()

        def has_ended() -> bool:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    lines.add(path.read_bytes().decode(errors="replace"))
            return process.poll() is not None

        until(has_ended, "it ends", every=0.1)
        out.seek(0), err.seek(0)
        ran = Ran(process.returncode, out.read(), err.read())
    # Wrong usage starts no engine, and prints nothing.
    assert any("stack\0" in line for line in lines) or not ran.stdout
    TOLD.extend([ran.stdout, ran.stderr, *lines])
    return ran


TOLD: list[str] = []
"""All that was printed, and all command lines."""


def listed(stack: Stack, days: float = 0, env: Env = NO_TOKEN) -> dict[str, Any]:
    ran = keys(stack, "list", "--json", days=days, env=env)
    assert ran.code == 0, ran.stderr
    (user,) = json.loads(ran.stdout)["users"]
    return user  # type: ignore[no-any-return]


def test_list_shows_the_keys_of_all_stacks_and_what_is_due(checkout: Project, bucket: str) -> None:
    stack = checkout.stack(config(bucket, "2026-10"))
    stack.up()
    stack.write(config(bucket, {"label": "2026-10", "active": False}, "2026-11"))
    assert stack.up().changed == {"update": ["ci-key-2026-10"], "create": ["ci-key-2026-11"]}
    user = listed(stack)
    assert [(k["label"], k["active"], k["current"]) for k in user["keys"]] == [
        ("2026-10", False, False),
        ("2026-11", True, True),
    ]
    assert user["keys"][0]["lastUse"] is None
    assert keys(stack, "list", "--exit-code").code == 0
    assert keys(stack, "list", "--exit-code", days=91).code == 1
    table = keys(stack, "list", days=91).stdout
    assert f"…{stack.outputs()['identities']['ci']['accessKeyId'][-4:]}" in table
    assert "91 days" in table
    assert keys(stack, "list", "--older-than", "ages").code == 1


def test_the_current_key_is_in_its_places_in_aws_and_follows_the_labels(
    checkout: Project, bucket: str
) -> None:
    places = [{"ssmParameter": "/ci/deploy"}, {"secretsManager": "ci/deploy"}]
    stack = checkout.stack(config(bucket, "a", deliver=places))
    stack.up()
    first = secret_of(stack)
    assert in_places(stack) == [first, first]
    stack.write(config(bucket, "a", "b", deliver=places, tags={"team": "web"}))
    changed = stack.up().changed
    assert changed["create"] == ["ci-key-b"]
    assert changed["replace"] == ["ci-secret-ci/deploy-current"]
    second = secret_of(stack)
    assert second != first
    assert in_places(stack) == [second, second]
    stack.preview("--refresh", "--expect-no-changes")
    stack.write(config(bucket, "a", {"label": "b", "active": False}, deliver=places[:1]))
    stack.up()
    parameter, secret = in_places(stack)
    assert (parameter, secret) == (first, None)
    stack.destroy()
    assert in_places(stack) == [None, None]


def secret_of(stack: Stack) -> dict[str, str]:
    made = stack.outputs(show_secrets=True)["identities"]["ci"]
    return {
        "AWS_ACCESS_KEY_ID": made["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["secretAccessKey"],
    }


def in_places(stack: Stack) -> list[dict[str, str] | None]:
    """What the parameter and the secret hold."""
    sandbox = stack.project.sandbox
    ssm, secrets = (
        sandbox.client(service, stack.account, stack.region)  # type: ignore[call-overload]
        for service in ("ssm", "secretsmanager")
    )
    found: list[dict[str, str] | None] = []
    try:
        value = ssm.get_parameter(Name="/ci/deploy", WithDecryption=True)["Parameter"]["Value"]
        found.append(json.loads(value))
    except ssm.exceptions.ParameterNotFound:
        found.append(None)
    try:
        found.append(json.loads(secrets.get_secret_value(SecretId="ci/deploy")["SecretString"]))
    except (
        secrets.exceptions.ResourceNotFoundException,
        secrets.exceptions.InvalidRequestException,
    ):
        found.append(None)
    return found


@pytest.fixture
def circleci() -> Iterator[FakeCircleCi]:
    with serving() as fake:
        fake.organizations.add(OWNER)
        yield fake


def variables(circleci: FakeCircleCi) -> dict[str, str]:
    """What jobs of the only context get."""
    (context,) = circleci.contexts.values()
    return context.variables


def labels(stack: Stack) -> list[Any]:
    text = stack.file.read_text()
    (found,) = (line for line in text.splitlines() if "accessKeys:" in line)
    return yaml.safe_load(found)["accessKeys"]  # type: ignore[no-any-return]


def statuses(stack: Stack) -> dict[str, str]:
    found = stack.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
    return {key["AccessKeyId"]: key["Status"] for key in found}


def use(stack: Stack, key: dict[str, str]) -> None:
    """Call AWS with a key, as a job does."""
    client = boto3.client(
        "sts",
        region_name=stack.region,
        endpoint_url=stack.project.sandbox.running.aws_url,
        aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
    )
    assert client.get_caller_identity()["Arn"].endswith(":user/ci")


def delivering(checkout: Project, bucket: str, circleci: FakeCircleCi) -> Stack:
    """A deployed stack whose user has one key, which is to be in a context and a parameter."""
    circleci.context("deploy", OWNER)
    places = [{"circleciContext": "deploy", "owner": OWNER}, {"ssmParameter": "/ci/deploy"}]
    stack = checkout.stack(config(bucket, "a", deliver=places))
    text = re.sub(r"accessKeys:\s+- a", "accessKeys: [a] # jobs of main", stack.file.read_text())
    stack.file.write_text(text)
    stack.up()
    return stack


def assert_no_secret(stack: Stack, *secrets: str) -> None:
    told = [*TOLD, json.dumps(stack.resources())]
    for folder in (stack.project.root, stack.project.sandbox.folder.root):
        told += [
            path.read_bytes().decode(errors="replace")
            for path in folder.rglob("*")
            if path.is_file() and ".venv" not in path.parts
        ]
    for secret in secrets:
        assert len(secret) >= len(TOKEN)
        assert not any(secret in text for text in told)


def test_a_key_is_replaced_step_by_step_and_no_secret_is_seen(
    checkout: Project, bucket: str, circleci: FakeCircleCi
) -> None:
    stack = delivering(checkout, bucket, circleci)
    where = circleci.environment
    assert keys(stack, "rotate", "--yes").code == 1  # without a token nobody knows what is there
    ran = keys(stack, "rotate", "--yes", env=where)
    assert ran.code == 0, ran.stderr
    old = secret_of(stack)
    assert variables(circleci) == old
    assert (
        "There is nothing to do now." in keys(stack, "rotate", "--yes", days=89, env=where).stdout
    )
    refused = keys(stack, "rotate", days=91, env=where)
    assert (refused.code, labels(stack)) == (1, ["a"])
    assert "add --yes" in refused.stderr

    ran = keys(stack, "rotate", "--yes", days=91, env=where)
    assert ran.code == 0, ran.stderr
    new = secret_of(stack)
    assert new != old
    assert variables(circleci) == new == in_places(stack)[0]
    made = labels(stack)
    assert (made[0], len(made)) == ("a", 2)
    assert "# jobs of main" in stack.file.read_text()
    assert listed(stack, env=where)["due"]["step"] == "wait"

    ran = keys(stack, "rotate", "--yes", days=1.1, env=where)
    assert ran.code == 0, ran.stderr
    ids = old["AWS_ACCESS_KEY_ID"], new["AWS_ACCESS_KEY_ID"]
    assert statuses(stack) == dict(zip(ids, ("Inactive", "Active"), strict=True))
    assert labels(stack)[0] == {"label": "a", "active": False}
    assert listed(stack, env=where)["due"]["step"] == "wait"

    ran = keys(stack, "rotate", "--yes", days=1.1, env=where)
    assert ran.code == 0, ran.stderr
    assert statuses(stack) == {ids[1]: "Active"}
    assert labels(stack) == made[1:]
    assert variables(circleci) == new
    assert_no_secret(stack, TOKEN, old["AWS_SECRET_ACCESS_KEY"], new["AWS_SECRET_ACCESS_KEY"])


def test_an_old_key_that_is_used_stays_and_a_rollback_makes_it_current(
    checkout: Project, bucket: str, circleci: FakeCircleCi
) -> None:
    stack = delivering(checkout, bucket, circleci)
    where = circleci.environment
    keys(stack, "rotate", "--yes", env=where)
    old = secret_of(stack)
    keys(stack, "rotate", "--yes", days=91, env=where)
    until(lambda: datetime.now(UTC).microsecond > 900_000, "the next second")
    use(stack, old)
    ran = keys(stack, "rotate", "--yes", days=30, env=where)
    assert (ran.code, set(statuses(stack).values())) == (0, {"Active"})
    assert "in use: the old key" in ran.stdout
    assert "with sts in" in ran.stdout
    ran = keys(stack, "rollback", "ci", "--stack", stack.name, "--yes", env=where)
    assert ran.code == 0, ran.stderr
    assert secret_of(stack) == old == variables(circleci) == in_places(stack)[0]
    assert labels(stack)[1] == "a"
    assert keys(stack, "rollback", "ci", "-s", stack.name, "--yes", env=where).code == 0
    assert labels(stack)[1] == "a"
    ran = keys(stack, "rotate", "--yes", days=300, env=where)
    assert "is current again" in ran.stdout
    assert set(statuses(stack).values()) == {"Active"}
    assert secret_of(stack) == old
    ran = keys(stack, "rollback", "cj", "-s", stack.name, "--yes", env=where)
    assert (ran.code, ran.stderr) == (
        1,
        f"error: {stack.name}: cj has no older key to go back to\n",
    )


def test_a_run_that_is_killed_between_any_two_acts_is_gone_on_with(
    checkout: Project, bucket: str, circleci: FakeCircleCi
) -> None:
    stack = delivering(checkout, bucket, circleci)
    where = circleci.environment
    keys(stack, "rotate", "--yes", env=where)
    old = secret_of(stack)

    def killed(days: float, *acts: int) -> None:
        for act in acts:
            ran = keys(stack, "rotate", "--yes", days=days, kill=act, env=where)
            assert ran.code == -signal.SIGKILL, ran
            active = [id_ for id_, status in statuses(stack).items() if status == "Active"]
            assert 1 <= len(active) <= 2
            use_current = secret_of(stack)
            assert use_current["AWS_ACCESS_KEY_ID"] in active

    killed(91, 1, 1, 1, 2, 3)  # the file; up; the call; the secret; the id
    ran = keys(stack, "rotate", "--yes", days=0, env=where)
    assert ran.code == 0, ran.stderr
    new = secret_of(stack)
    assert variables(circleci) == new == in_places(stack)[0]
    assert new != old
    killed(1.1, 1, 2, 2)  # the call; the file; up
    assert statuses(stack)[old["AWS_ACCESS_KEY_ID"]] == "Inactive"
    killed(1.1, 1, 1)  # the file; up
    assert statuses(stack) == {new["AWS_ACCESS_KEY_ID"]: "Active"}
    ran = keys(stack, "rotate", "--yes", env=where)
    assert "There is nothing to do now." in ran.stdout, ran
    use(stack, variables(circleci))
    assert_no_secret(stack, TOKEN, old["AWS_SECRET_ACCESS_KEY"], new["AWS_SECRET_ACCESS_KEY"])
