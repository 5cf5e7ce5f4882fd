"""Kills all processes of a rollout at once, and looks at what the next one makes of it.

As when the machine of a CI job is lost: everything stops, the calls that are under way reach AWS,
nobody hears their answers. A stack with every type of resource that the program makes is deployed
for each kill, in an account of its own.

    python -m tests.engine.kills --log kills.jsonl --kills 200

goes on after the last line of the log, and ends with what all lines come to.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from sandbox import lifecycle
from sandbox.folder import Folder
from tests.engine.harness import Project, Sandbox, Stack
from tests.engine.rollouts import Rollout, Running, family, kill, until
from tests.unit.policy.identities import ORGANIZATION

TYPES: Final = (
    "aws:iam/accessKey:AccessKey",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/user:User",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)
REPLACED: Final = (
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)
"""The types of what another path replaces."""
_LONGEST_WAIT_SECONDS: Final = 0.04
"""After a create is announced: about as long as the stand-in needs for one."""
_RANDOM_SECONDS: Final = (0.0, 3.0)
"""After the stack is started: an `up` of it takes about that long."""
_LONGEST_FAULT: Final = 400
"""Characters of a fault in the log."""


def every_type(bucket: str, path: str = "/") -> dict[str, Any]:
    """Return a config that makes resources of all `TYPES`; another path replaces many of them."""

    def grants(count: int, width: int) -> list[dict[str, Any]]:
        prefixes = [f"{'x' * (width - 4)}{number:03}/" for number in range(count)]
        return [{"bucket": bucket, "access": ["read"], "prefixes": prefixes}]

    trust = {"organization": ORGANIZATION, "projects": ["*"]}
    keys = ["2026-10", "2026-11"]
    return {
        "identities": {
            "inline": {"kind": "user", "path": path, "grants": grants(1, 20), "accessKeys": keys},
            "managed": {"kind": "user", "path": path, "grants": grants(40, 60)},
            "role": {"kind": "role", "path": path, "grants": grants(110, 100), "trust": trust},
        },
        "oidcProvider": "create",
    }


@dataclass(frozen=True)
class Killed:
    """What a kill came to."""

    number: int
    moment: str
    """The type whose create was waited for, or "random"."""
    command: str
    pending: list[str] = field(default_factory=list)
    """The types whose creates were announced and not heard of again."""
    made: list[str] = field(default_factory=list)
    """Those of them that AWS had done all the same."""
    faults: list[str] = field(default_factory=list)
    """What was not right after the next rollout."""
    seconds: float = 0.0


class Scene:
    """A stack of every type, in the sandbox."""

    def __init__(self, sandbox: Sandbox, root: Path, name: str, bucket: str) -> None:
        """Write the stack's file; nothing is deployed yet."""
        self.rollout = Rollout(Project.of_checkout(root, sandbox))
        self.stack: Stack = self.rollout.project.stack(every_type(bucket), name=name)

    @property
    def state_file(self) -> Path:
        """The backend's file of the stack."""
        return self.rollout.state_file(self.stack.name)

    def deployment(self) -> dict[str, Any]:
        """Return what the state holds now; nothing while it is being written."""
        try:
            checkpoint = json.loads(self.state_file.read_text())["checkpoint"]
        except (OSError, ValueError):
            return {}
        return checkpoint.get("latest") or {}

    def pending(self) -> list[dict[str, Any]]:
        """Return the resources whose creates were announced and have not ended."""
        operations = self.deployment().get("pending_operations") or []
        return [
            one["resource"]
            for one in operations
            if one["type"] == "creating" and one["resource"]["type"] in TYPES
        ]

    def kill_all(self, moment: Callable[[Running], None]) -> None:
        """Deploy, and end all processes of the rollout when the moment has come.

        They are stopped before, so that none hears the answers to the calls under way.
        """
        with self.rollout.started("up", "--yes", self.stack.name) as running:
            moment(running)
            stopped: set[int] = set()
            while more := set(family(running.process.pid)) - stopped:
                for pid in more:
                    _stop(pid)
                stopped |= more
            self._settled()
            for pid in stopped:
                kill(pid)
            running.process.wait()

    def _settled(self) -> None:
        """Wait until AWS doesn't change any more."""
        seen: list[Any] = []

        def is_still() -> bool:
            time.sleep(0.15)
            seen.append(self.in_aws())
            return seen[-2:-1] == seen[-1:]

        until(is_still, "the calls under way have reached AWS")

    def in_aws(self) -> dict[str, list[str]]:
        """Return what the account holds, by type: the ids that the state would have."""
        iam = self.stack.iam
        users = [one["UserName"] for one in iam.list_users()["Users"]]
        roles = [one["RoleName"] for one in iam.list_roles()["Roles"]]
        found: dict[str, list[str]] = {one: [] for one in TYPES}
        found["aws:iam/user:User"] = users
        found["aws:iam/role:Role"] = roles
        policies = iam.list_policies(Scope="Local")["Policies"]
        found["aws:iam/policy:Policy"] = [one["Arn"] for one in policies]
        providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        found["aws:iam/openIdConnectProvider:OpenIdConnectProvider"] = [
            one["Arn"] for one in providers
        ]
        for user in users:
            keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
            found["aws:iam/accessKey:AccessKey"] += [one["AccessKeyId"] for one in keys]
            names = iam.list_user_policies(UserName=user)["PolicyNames"]
            found["aws:iam/userPolicy:UserPolicy"] += [f"{user}:{name}" for name in names]
            attached = iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
            found["aws:iam/userPolicyAttachment:UserPolicyAttachment"] += [
                f"{user}/{one['PolicyArn']}" for one in attached
            ]
        for role in roles:
            names = iam.list_role_policies(RoleName=role)["PolicyNames"]
            found["aws:iam/rolePolicy:RolePolicy"] += [f"{role}:{name}" for name in names]
            attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            found["aws:iam/rolePolicyAttachment:RolePolicyAttachment"] += [
                f"{role}/{one['PolicyArn']}" for one in attached
            ]
        return {kind: sorted(ids) for kind, ids in found.items()}

    def in_state(self) -> dict[str, list[str]]:
        """Return what the state holds, by type."""
        found: dict[str, list[str]] = {one: [] for one in TYPES}
        for resource in self.deployment().get("resources") or []:
            if resource["type"] in found:
                found[resource["type"]].append(resource["id"])
        return {kind: sorted(ids) for kind, ids in found.items()}

    def orphans(self) -> list[str]:
        """Return the types of what is in AWS and in no state, one for each."""
        there, held = self.in_aws(), self.in_state()
        return [kind for kind in TYPES for one in there[kind] if one not in held[kind]]

    def faults(self) -> Iterator[str]:
        """Find what is not as it is after a rollout that nothing disturbed."""
        there, held = self.in_aws(), self.in_state()
        for kind in TYPES:
            if there[kind] != held[kind]:
                yield f"{kind}: AWS has {there[kind]}, the state {held[kind]}"
            if len(held[kind]) != WISHED[kind]:
                yield f"{kind}: the state has {held[kind]}, wished are {WISHED[kind]}"
        deployment = self.deployment()
        if left := deployment.get("pending_operations"):
            yield f"pending in the state: {left}"
        for resource in deployment.get("resources") or []:
            if resource.get("delete") or resource.get("refreshBeforeUpdate"):
                yield f"{resource['urn']} is marked"
            if resource["type"].endswith(":AccessKey") and "secret" not in resource["outputs"]:
                yield f"{resource['id']} has no secret"
        preview = self.rollout.run("preview", "--json", self.stack.name, code=None)
        if preview.code or preview.stacks[self.stack.name]["changes"]:
            yield f"the next preview: {preview.stdout or preview.stderr}"


WISHED: Final[Mapping[str, int]] = dict.fromkeys(TYPES, 1) | {
    "aws:iam/accessKey:AccessKey": 2,
    "aws:iam/policy:Policy": 3,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": 2,
    "aws:iam/user:User": 2,
}
"""How many of each type `every_type` makes."""


def _stop(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGSTOP)
    except ProcessLookupError:
        return


def one_kill(sandbox: Sandbox, root: Path, number: int, *, replacing: bool = False) -> Killed:
    """Kill a rollout, start the next one, and look; its number says when, and what comes next."""
    chance = random.Random(number)  # noqa: S311 - the moment of a kill is no secret
    moments = [*(REPLACED if replacing else TYPES), "random"]
    moment = moments[number % len(moments)]
    resume = bool(number // len(moments) % 2)
    command = ["up", "--yes", "--json", *(["--resume"] if resume else [])]
    scene = Scene(sandbox, root, f"kill-{number}", f"acme-kill-{number}")

    if replacing:
        scene.rollout.run("up", "--yes", scene.stack.name)
        scene.stack.write(every_type(f"acme-kill-{number}", "/moved/"))

    def come(running: Running) -> None:
        if moment == "random":
            until(lambda: scene.rollout.noted("started"), "the stack is started")
            time.sleep(chance.uniform(*_RANDOM_SECONDS))
            return

        def is_now() -> bool:
            is_over = running.process.poll() is not None  # it was too fast to be seen
            return is_over or any(one["type"] == moment for one in scene.pending())

        until(is_now, f"{moment} is pending", every=0.002)
        time.sleep(chance.uniform(0, _LONGEST_WAIT_SECONDS))

    scene.kill_all(come)
    pending = [one["type"] for one in scene.pending()]
    made = list((Counter(pending) & Counter(scene.orphans())).elements())
    began = time.monotonic()
    ran = scene.rollout.run(*command, scene.stack.name, code=None)
    seconds = time.monotonic() - began
    faults = [] if ran.code == 0 else [f"{' '.join(command)}: {ran.stdout or ran.stderr}"]
    faults += scene.faults()
    for file in scene.state_file.parent.glob(f"{scene.stack.name}.json*"):
        file.unlink()  # else the next one looks into it
    faults = [fault[:_LONGEST_FAULT] for fault in faults]
    return Killed(number, moment, " ".join(command), pending, made, faults, round(seconds, 1))


def summary(kills: list[Killed]) -> str:
    """Return what many kills came to."""
    pending = Counter(kind for one in kills for kind in one.pending)
    made = Counter(kind for one in kills for kind in one.made)
    total = (
        f"{len(kills)} kills, {sum(bool(one.pending) for one in kills)} with a create pending, "
        f"{sum(bool(one.made) for one in kills)} of them with one that AWS had done; "
        f"{sum(not one.faults for one in kills)} recovered"
    )
    lines = [total]
    lines += [f"  {kind}: {pending[kind]} pending, {made[kind]} done" for kind in TYPES]
    return "\n".join(lines)


def main() -> int:
    """Go on killing until the log has as many lines as were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--replacing", action="store_true", help="kill replacements")
    options = parser.parse_args()
    lines = options.log.read_text().splitlines() if options.log.exists() else []
    done = [Killed(**json.loads(line)) for line in lines]
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(Path(place, "sandbox"))
        _, running = lifecycle.start(folder)
        try:
            for number in range(len(done), options.kills):
                there = Sandbox(folder, running)
                root = Path(place, str(number))
                killed = one_kill(there, root, number, replacing=options.replacing)
                done.append(killed)
                with options.log.open("a") as log:
                    log.write(json.dumps(asdict(killed)) + "\n")
        finally:
            lifecycle.stop(folder)
    sys.stdout.write(f"{summary(done)}\n")
    return int(any(one.faults for one in done))


if __name__ == "__main__":
    sys.exit(main())
