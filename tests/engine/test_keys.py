"""`keys` on the real engine and moto: what is shown, and a rotation with kills between its steps."""

import json
import subprocess
import sys
from typing import Any

from sandbox.environment import environment, for_process
from sandbox.folder import CHECKOUT
from tests.engine.harness import Project, Stack
from tests.engine.rollouts import Ran

LATER = """
import sys
from datetime import UTC, datetime, timedelta
from rollout import cli
from rollout.keys import commands
later = timedelta(days=float(sys.argv.pop(1)))
commands.NOW = lambda: datetime.now(UTC) + later
if __name__ == "__main__":
    sys.exit(cli.main())
"""
"""The command line, so many days from now: AWS and CircleCI keep real times."""


def config(bucket: str, *labels: Any, **more: Any) -> dict[str, Any]:
    grants = [{"bucket": bucket, "access": ["read"]}]
    ci = {"kind": "user", "grants": grants, "accessKeys": list(labels), **more}
    return {"identities": {"ci": ci}}


def keys(stack: Stack, *args: str, days: float = 0, **variables: str) -> Ran:
    """Run `keys` so many days later."""
    sandbox = stack.project.sandbox
    env = for_process(environment(sandbox.folder, sandbox.running, None))
    done = subprocess.run(
        [sys.executable, "-c", LATER, str(days), "keys", *args],
        cwd=stack.project.root,
        env={**env, "PYTHONPATH": str(CHECKOUT), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def listed(stack: Stack, days: float = 0, *args: str, **variables: str) -> dict[str, Any]:
    ran = keys(stack, "list", "--json", *args, days=days, **variables)
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
    except (secrets.exceptions.ResourceNotFoundException, secrets.exceptions.InvalidRequestException):
        found.append(None)
    return found
