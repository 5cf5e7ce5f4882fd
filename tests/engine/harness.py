"""What engine tests are written with: a sandbox, projects in it, stacks of them.

    def test_grant_changes_in_place(checkout: Project) -> None:
        stack = checkout.stack({"identities": {...}})   # a fresh name, its buckets made
        stack.up()
        stack.write({"identities": {...}})
        assert stack.up().changed == {"update": ["ci-inline"]}
        assert stack.iam.get_user_policy(...)["PolicyDocument"] == ...

`checkout` is the product's own program; `tiny` makes a project of a few lines. Every stack may
have an account of its own (`account=`), so that tests in parallel never see each other.
"""

import itertools
import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, overload

import yaml
from mypy_boto3_iam import IAMClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_sts import STSClient

from components.settings.stack_file import read
from sandbox.accounts import credentials_of
from sandbox.clients import Clients, clients_of
from sandbox.environment import environment, for_process
from sandbox.folder import CHECKOUT, Folder
from sandbox.lifecycle import Look
from sandbox.preparing import prepare
from sandbox.stacks import SandboxStack

PROGRAM: Final = ("Pulumi.yaml", "__main__.py", "components", ".venv")
"""What a project of the checkout's program is linked from."""
_NUMBERS: Final = itertools.count(1)
_COLORS: Final = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")


def fresh_account() -> str:
    """Return an account id that no other test of this process uses."""
    return f"{700_000_000_000 + next(_NUMBERS):012}"


@dataclass(frozen=True)
class CliRun:
    """How one run of the CLI ended. `up`, `refresh` and `destroy` give the engine's events."""

    code: int
    stdout: str
    stderr: str

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The engine's events, of all operations but a preview."""
        lines = [line for line in self.stdout.splitlines() if line.startswith('{"sequence"')]
        return [json.loads(line) for line in lines]

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        """The steps, those that change nothing too: op, urn, and more as the engine gives it."""
        if self.events:
            return [e["resourcePreEvent"]["metadata"] for e in self.events if _is_step(e)]
        steps: list[dict[str, Any]] = json.loads(self.stdout)["steps"]
        return steps

    @property
    def changed(self) -> dict[str, list[str]]:
        """The names of the resources that changed, by what was done to them, in the run's order.

        The stack itself and the parts of a replacement are left out: a replaced resource is under
        "replace" only.
        """
        changed: dict[str, list[str]] = defaultdict(list)
        parts = {"same", "create-replacement", "delete-replaced", "read", "refresh"}
        for step in self.steps:
            if step["op"] not in parts and "pulumi:pulumi:Stack" not in step["urn"]:
                changed[step["op"]].append(step["urn"].rsplit("::", 1)[-1])
        return dict(changed)

    @property
    def messages(self) -> str:
        """What the run said: errors, warnings and infos, without colors."""
        heard = [e["diagnosticEvent"] for e in self.events if "diagnosticEvent" in e]
        said = [d["message"] for d in heard if d["severity"] != "debug"]
        if not self.events and self.stdout.startswith("{"):
            said += [d["message"] for d in json.loads(self.stdout).get("diagnostics", [])]
        return _COLORS.sub("", "\n".join([*said, self.stderr]))


def _is_step(event: Mapping[str, Any]) -> bool:
    return "resourcePreEvent" in event


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, one for each worker of the test run."""

    folder: Folder
    running: Look

    @overload
    def client(self, service: Literal["iam"], account: str, region: str) -> IAMClient: ...
    @overload
    def client(self, service: Literal["s3"], account: str, region: str) -> S3Client: ...
    @overload
    def client(self, service: Literal["sts"], account: str, region: str) -> STSClient: ...
    def client(self, service: Any, account: str, region: str) -> Any:
        """Return a boto3 client in an account of moto."""
        return self.clients.get(service, credentials_of(self.clients, account, region), region)

    @property
    def clients(self) -> Clients:
        """Clients of this sandbox's AWS."""
        return clients_of(self.running.aws_url)


@dataclass(frozen=True)
class Project:
    """A Pulumi project in a folder of its own."""

    root: Path
    sandbox: Sandbox
    name: str

    @classmethod
    def of_checkout(cls, root: Path, sandbox: Sandbox) -> "Project":
        """Make a project that is the checkout's program, with stack files of its own."""
        root.mkdir(parents=True, exist_ok=True)
        for part in PROGRAM:
            (root / part).symlink_to(CHECKOUT / part)
        name: str = yaml.safe_load((root / "Pulumi.yaml").read_text())["name"]
        return cls(root, sandbox, name)

    @classmethod
    def tiny(cls, root: Path, sandbox: Sandbox, program: str) -> "Project":
        """Make a project of a program's text; `pulumi`, `aws` and `config` are imported."""
        root.mkdir(parents=True, exist_ok=True)
        (root / ".venv").symlink_to(CHECKOUT / ".venv")
        project = {
            "name": "tiny",
            "runtime": {"name": "python", "options": {"virtualenv": ".venv"}},
        }
        (root / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        made = cls(root, sandbox, "tiny")
        made.write_program(program)
        return made

    def write_program(self, program: str) -> None:
        """Replace a tiny project's program."""
        head = "import json, pulumi, pulumi_aws as aws\nconfig = pulumi.Config()\n"
        (self.root / "__main__.py").write_text(head + program)

    def stack(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        account: str | None = None,
        region: str = "eu-west-1",
        name: str | None = None,
        buckets: bool = True,
    ) -> "Stack":
        """Write a stack's file, make its buckets in the sandbox, and return the stack.

        Args:
            config: the stack's config; keys without a namespace get the project's.
            account: the account it lives in, by `aws:allowedAccountIds`; by default a fresh one.
            region: its `aws:region`.
            name: its name; by default a fresh one.
            buckets: make the buckets that the config names.
        """
        number = next(_NUMBERS)
        stack = Stack(self, name or f"test-{number}", account or fresh_account(), region)
        stack.write(config or {}, buckets=buckets)
        return stack


@dataclass(frozen=True)
class Stack:
    """One stack of a project, and the CLI's operations on it, run as a user would run them."""

    project: Project
    name: str
    account: str
    region: str
    _clients: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def file(self) -> Path:
        """The stack's file."""
        return self.project.root / f"Pulumi.{self.name}.yaml"

    def write(self, config: Mapping[str, Any], *, buckets: bool = True) -> None:
        """Replace the stack's config; region and account are put in where it names none."""
        given = {k if ":" in k else f"{self.project.name}:{k}": v for k, v in config.items()}
        place = {"aws:region": self.region}
        if not given.keys() & {"aws:allowedAccountIds", "aws:assumeRoles", "aws:profile"}:
            place["aws:allowedAccountIds"] = [self.account]  # type: ignore[assignment]
        self.file.write_text(yaml.safe_dump({"config": {**place, **given}}, sort_keys=False))
        sandbox = self.project.sandbox
        prepare(sandbox.folder, sandbox.running, [self._in_sandbox()], buckets=buckets)

    def up(self, *args: str, ok: bool = True) -> CliRun:
        """Deploy; a run that ends otherwise than `ok` says fails the test, with what it said."""
        return self._operate("up", "--yes", "--skip-preview", "--json", *args, ok=ok)

    def preview(self, *args: str, ok: bool = True) -> CliRun:
        """Preview; with "--expect-no-changes" it fails where there are any."""
        return self._operate("preview", "--json", *args, ok=ok)

    def refresh(self, *args: str, ok: bool = True) -> CliRun:
        """Read everything as it is in AWS now."""
        return self._operate("refresh", "--yes", "--skip-preview", "--json", *args, ok=ok)

    def destroy(self, *args: str, ok: bool = True) -> CliRun:
        """Delete everything."""
        return self._operate("destroy", "--yes", "--skip-preview", "--json", *args, ok=ok)

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs; secrets are "[secret]" unless they are asked for."""
        shown = ["--show-secrets"] if show_secrets else []
        outputs: dict[str, Any] = json.loads(
            self.pulumi("stack", "output", "--json", *shown).stdout
        )
        return outputs

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return what the state holds of each resource, by name; secrets stay encrypted."""
        state = json.loads(self.pulumi("stack", "export").stdout)["deployment"]
        return {r["urn"].rsplit("::", 1)[-1]: r for r in state.get("resources", [])}

    def pulumi(self, *args: str, ok: bool | None = True) -> CliRun:
        """Run any command of the CLI in the stack's environment."""
        sandbox = self.project.sandbox
        variables = self._clients.get("environment")
        if variables is None:
            made = environment(sandbox.folder, sandbox.running, self._in_sandbox())
            variables = self._clients["environment"] = for_process(made)
        done = subprocess.run(
            ["pulumi", *args, "--non-interactive"],  # noqa: S607 - the sandbox's PATH finds it
            cwd=self.project.root,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        run = CliRun(done.returncode, done.stdout, done.stderr)
        if ok is not None:
            assert (run.code == 0) is ok, f"pulumi {args} ended with {run.code}:\n{run.messages}"
        return run

    @property
    def iam(self) -> IAMClient:
        """IAM in the stack's account."""
        return self._client("iam")  # type: ignore[no-any-return]

    @property
    def s3(self) -> S3Client:
        """S3 in the stack's account."""
        return self._client("s3")  # type: ignore[no-any-return]

    def _operate(self, *args: str, ok: bool) -> CliRun:
        return self.pulumi(*args, "--stack", self.name, ok=ok)

    def _client(self, service: Any) -> Any:
        if service not in self._clients:
            sandbox = self.project.sandbox
            self._clients[service] = sandbox.client(service, self.account, self.region)
        return self._clients[service]

    def _in_sandbox(self) -> SandboxStack:
        return SandboxStack(read(self.project.root, self.name))
