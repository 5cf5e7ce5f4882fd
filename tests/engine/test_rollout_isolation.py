"""Stacks that run at once keep config, secrets, outputs and errors to themselves.

On a backend of its own with the plain CLI, as a user would run it: the sandbox takes no secrets.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sandbox.environment import environment
from tests.engine.harness import Project
from tests.engine.rollouts import Rollout, guarded

NAMES: Final = ("a", "b", "c", "d")
TOGETHER: Final = f"""
import pathlib, threading, time
here, stack = pathlib.Path(__file__).parent, pulumi.get_stack()
(here / f"began-{{stack}}").touch()
while len(list(here.glob("began-*"))) < {len(NAMES)}:
    time.sleep(0.02)
in_thread = []
thread = threading.Thread(target=lambda: in_thread.append(pulumi.get_stack()))
thread.start()
thread.join()
token = config.require_secret("token")
pulumi.export("stack", stack)
pulumi.export("in thread", in_thread[0])
pulumi.export("in apply", token.apply(lambda _: pulumi.get_stack()))
pulumi.export("config", config.require("mine"))
pulumi.export("token", token)
if config.get_bool("fails"):
    raise pulumi.RunError(f"{{config.require('mine')}} with {{config.require('token')}}")
"""


class Outside:
    """The plain CLI and a backend of files, with a passphrase."""

    def __init__(self, project: Project, folder: Path) -> None:
        sandbox = project.sandbox
        made = environment(sandbox.folder, sandbox.running, None)
        cli = Path(made["SANDBOX_PULUMI"]).parent
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
        (folder / "state").mkdir()
        self.project = project
        self.environment = {
            **inherited,
            "PATH": os.pathsep.join([str(cli), inherited["PATH"]]),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def pulumi(self, *args: str) -> str:
        done = subprocess.run(
            ["pulumi", *args, "--non-interactive"],  # noqa: S607 - found on the PATH made above
            cwd=self.project.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def file(self, stack: str) -> Path:
        return self.project.root / f"Pulumi.{stack}.yaml"

    def write(self, stack: str, config: Mapping[str, object]) -> None:
        """Put config into a stack's file; its secrets stay."""
        file = self.file(stack)
        content = yaml.safe_load(file.read_text()) if file.exists() else {"config": {}}
        content["config"] |= config
        file.write_text(yaml.safe_dump(content))

    def outputs(self, stack: str, *more: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.pulumi("stack", "output", "--json", "--stack", stack, *more)
        )
        return found


@pytest.fixture
def outside(tiny: Callable[[str], Project], tmp_path: Path) -> Outside:
    return Outside(tiny(TOGETHER), tmp_path)


def keep_secrets(outside: Outside) -> None:
    """Make four stacks with a secret each; `d` fails, telling its secret."""
    for name in NAMES:
        outside.write(name, guarded(**{"tiny:mine": f"config of {name}"}))
        outside.pulumi("stack", "init", name, "--no-select")
        outside.pulumi("config", "set", "--secret", "token", f"secret-of-{name}", "--stack", name)
    outside.write("d", {"tiny:fails": "true"})


def expected(name: str, config: str) -> dict[str, str]:
    places = dict.fromkeys(("stack", "in thread", "in apply"), name)
    return {**places, "config": config, "token": f"secret-of-{name}"}


def test_stacks_at_once_and_one_after_another_never_mix(outside: Outside) -> None:
    keep_secrets(outside)
    rollout = Rollout(outside.project, outside.environment)
    together = rollout.run("up", "--yes", "--json", "--parallel", str(len(NAMES)), code=1)
    assert together.stacks["d"]["error"] == "config of d with [secret]"
    for name in "abc":
        assert together.stacks[name]["error"] is None
        found = outside.outputs(name, "--show-secrets")
        assert found == expected(name, f"config of {name}")

    for name in NAMES:
        outside.write(name, {"tiny:mine": f"new config of {name}", "tiny:fails": "false"})
    in_turn = rollout.run("up", "--yes", "--json", "--parallel", "1")
    for name in NAMES:
        found = outside.outputs(name, "--show-secrets")
        assert found == expected(name, f"new config of {name}")
    assert outside.outputs("a")["token"] == "[secret]"

    said = f"{together}{in_turn}"
    journal = rollout.file(".rollout/up.jsonl").read_text()
    assert not [word for word in ("secret-of-", "correct horse") if word in said + journal]


def test_a_stack_that_the_backend_does_not_know_is_made_as_pulumi_stack_init_does(
    outside: Outside,
) -> None:
    outside.project.write_program('pulumi.export("config", config.require("mine"))')
    config = guarded(**{"tiny:mine": "first"})
    outside.write("fresh", config)
    forgotten = {k: v for k, v in outside.environment.items() if "PASSPHRASE" not in k}
    refused = Rollout(outside.project, forgotten).run("up", "--yes", "--json", code=1)
    assert "passphrase must be set" in refused.stacks["fresh"]["error"]
    assert "encryptionsalt" not in outside.file("fresh").read_text()

    Rollout(outside.project, outside.environment).run("up", "--yes")
    content = yaml.safe_load(outside.file("fresh").read_text())
    assert content.pop("encryptionsalt").startswith("v1:")
    assert content == {"config": config}
    assert outside.outputs("fresh") == {"config": "first"}
