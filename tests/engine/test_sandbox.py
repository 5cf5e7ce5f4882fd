"""The sandbox as a user meets it: starts, stops, is found broken, and is never half-used."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sandbox import lifecycle
from sandbox.folder import CHECKOUT, Folder
from sandbox.lifecycle import Look, look, start, stop
from sandbox.ownership import LOOPBACK, ask
from tests.engine.harness import Project, Sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """A sandbox of the test's own, stopped whatever happens."""
    folder = Folder(tmp_path / "own")
    yield folder
    stop(folder)


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
    return True


def shell(
    folder: Folder, *command: str, cwd: Path | None = None, **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command as in a user's shell, where the sandbox's folder is this one."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **more, "SANDBOX_DIR": str(folder.root), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def cli(folder: Folder, *args: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return shell(folder, sys.executable, "-m", "sandbox", *args, cwd=cwd)


def test_starting_and_stopping_twice_is_starting_and_stopping_once(folder: Folder) -> None:
    before, first = start(folder)
    _, second = start(folder)
    assert before.state == "stopped"
    assert second == first
    assert stop(folder).state == "running"
    assert stop(folder).state == "stopped"
    assert answering(first) == []


def answering(running: Look) -> list[str]:
    """Return which of a sandbox's ports take connections."""
    found = []
    for name, port in running.ports.items():
        with socket.socket() as one:
            if one.connect_ex((LOOPBACK, port)) == 0:
                found.append(name)
    return found


def test_starts_at_once_make_one_sandbox(folder: Folder) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [
            json.loads(done.stdout)
            for done in pool.map(lambda _: cli_start_and_status(folder), range(4))
        ]
    assert runs[0]["state"] == "running"
    assert all(run == runs[0] for run in runs)


def cli_start_and_status(folder: Folder) -> "subprocess.CompletedProcess[str]":
    assert cli(folder, "start").returncode == 0
    return cli(folder, "status", "--json")


def test_servers_listen_on_loopback_only(sandbox: Sandbox) -> None:
    others = {
        str(info[4][0])
        for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        if not str(info[4][0]).startswith("127.")
    }
    assert answering(sandbox.running) == ["aws", "standin"]
    for port in sandbox.running.ports.values():
        listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
        assert f"00000000:{port:04X}" not in listening
        for address in others:
            with pytest.raises(OSError, match=r"."), socket.socket() as one:
                one.connect((address, port))


def test_a_sandbox_that_was_killed_is_reported_and_replaced(folder: Folder) -> None:
    _, running = start(folder)
    (folder.state / "old").touch()
    assert running.pid is not None
    os.kill(running.pid, signal.SIGKILL)
    assert until(lambda: answering(running) == [])

    found = look(folder)
    assert found.state == "stale"
    assert found.fault == f"it no longer answers on port {running.ports['aws']}"
    for command in ("status", "env"):
        done = cli(folder, command)
        assert done.returncode == 1
        assert found.fault in done.stdout + done.stderr

    before, now = start(folder)
    assert (before.state, now.state) == ("stale", "running")
    assert not (folder.state / "old").exists()


class Stranger(BaseHTTPRequestHandler):
    """Some other program's server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"instance": "another", "pid": 1}')

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.mark.parametrize("other", ["stranger", "sandbox"])
def test_a_port_that_something_else_has_now_is_not_taken_for_ours(
    folder: Folder, sandbox: Sandbox, other: str
) -> None:
    start(folder)
    stranger = HTTPServer(("127.0.0.1", 0), Stranger)
    Thread(target=stranger.serve_forever, daemon=True).start()
    theirs = sandbox.running.ports["aws"]
    port = theirs if other == "sandbox" else stranger.server_port
    folder.write_ports({"aws": port, "standin": port})

    assert look(folder).fault == f"its port {port} is another sandbox's now"
    stop(folder)
    assert ask(theirs) is not None
    stranger.shutdown()
    stranger.server_close()


def test_a_start_that_was_killed_half_way_is_said_and_cleared(folder: Folder) -> None:
    folder.root.mkdir()
    folder.instance.write_text("half")
    assert look(folder).fault == "it never came up"
    before, now = start(folder)
    assert (before.state, now.state) == ("stale", "running")


def test_the_process_ends_when_its_folder_is_gone(folder: Folder) -> None:
    _, running = start(folder)
    folder.instance.unlink()
    assert until(lambda: answering(running) == [])


def test_a_sandbox_that_cannot_start_tells_why_and_leaves_nothing(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho something is missing\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(lifecycle.SandboxError, match=r"did not come up:\nsomething is missing"):
        start(folder)
    assert look(folder).state == "stopped"


@pytest.fixture
def project(checkout: Project) -> Project:
    """The product's program with a stack `mine` that is not known to the sandbox yet."""
    checkout.stack(
        {
            "identities": {
                "ci": {
                    "kind": "user",
                    "grants": [{"bucket": "acme-mine", "access": ["read"], "prefixes": ["a/"]}],
                }
            }
        },
        name="mine",
        buckets=False,
    )
    return checkout


def test_up_ends_with_who_may_do_what_and_preview_finds_nothing_left(
    folder: Folder, project: Project
) -> None:
    account = yaml_account(project)
    up = cli(folder, "up", "--stack", "mine", cwd=project.root)
    assert up.returncode == 0, up.stderr
    assert "Created the buckets of mine: acme-mine." in up.stderr
    report = up.stdout.split("Duration")[1]
    for words in ("ci", "user", "read", "acme-mine/a/*", f"arn:aws:iam::{account}:user/ci", "env"):
        assert words in report
    assert max(map(len, report.splitlines())) <= 80
    assert "\x1b" not in up.stdout

    again = cli(folder, "up", "--stack", "mine", "--json", cwd=project.root)
    told = json.loads(again.stdout)
    assert told["account"] == account
    assert told["outputs"]["identities"]["ci"]["name"] == "ci"

    status = json.loads(cli(folder, "status", "--json").stdout)
    assert status["stacks"] == {"mine": {"project": project.name, "resources": 2}}
    assert cli(folder, "destroy", "--stack", "mine", cwd=project.root).returncode == 0
    status = json.loads(cli(folder, "status", "--json").stdout)
    assert status["stacks"]["mine"]["resources"] == 0


def yaml_account(project: Project) -> str:
    text = (project.root / "Pulumi.mine.yaml").read_text()
    return text.split("allowedAccountIds:")[1].split("'")[1]


def test_without_buckets_the_lookup_fails_and_names_the_bucket(
    folder: Folder, project: Project
) -> None:
    done = cli(folder, "preview", "--stack", "mine", "--no-buckets", cwd=project.root)
    assert done.returncode != 0
    assert "acme-mine" in done.stdout + done.stderr


def test_a_bucket_of_another_account_is_not_made_again(checkout: Project, bucket: str) -> None:
    """moto lets every account look it up, as AWS does where the bucket's policy allows it."""
    grants = [{"bucket": bucket, "access": ["read"]}]
    theirs = checkout.stack({"identities": {"a": {"kind": "user", "grants": grants}}})
    ours = checkout.stack({"identities": {"b": {"kind": "user", "grants": grants}}})
    assert [one["Name"] for one in theirs.s3.list_buckets()["Buckets"]] == [bucket]
    assert ours.s3.list_buckets()["Buckets"] == []
    assert ours.preview().changed["create"]


def times(project: Project) -> dict[str, int]:
    """When each thing in the project's root was last written, Python's own cache left out."""
    found = [path for path in project.root.iterdir() if path.name != "__pycache__"]
    return {path.name: path.lstat().st_mtime_ns for path in found}


def test_env_lets_plain_pulumi_and_boto3_work_and_leaves_the_checkout_alone(
    folder: Folder, project: Project
) -> None:
    file = project.root / "Pulumi.mine.yaml"
    file.write_text(f"encryptionsalt: v1:of:another-backend\n{file.read_text()}")
    before = times(project)
    assert cli(folder, "start", "--stack", "m*", cwd=project.root).returncode == 0
    script = f"""
        set -e
        eval "$({sys.executable} -m sandbox env --stack mine)"
        pulumi preview --stack mine >&2
        pulumi up --yes --skip-preview >&2
        eval "$({sys.executable} -m sandbox env --stack mine)"
        pulumi preview --expect-no-changes >&2
        python -c 'import boto3; print([b["Name"] for b in
            boto3.client("s3").list_buckets()["Buckets"]], boto3.client("sts").get_caller_identity()
            ["Account"])'
    """
    users = {
        "AWS_PROFILE": "mine",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_ENDPOINT_URL_S3": "http://x",
    }
    done = shell(folder, "/bin/sh", "-c", script, cwd=project.root, **users)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"['acme-mine'] {yaml_account(project)}"
    assert times(project) == before

    stop(folder)
    gone = shell(folder, "/bin/sh", "-c", script, cwd=project.root)
    assert "The sandbox is not running" in gone.stderr


def test_start_tells_which_stacks_it_leaves_out_and_goes_on_with_the_others(
    folder: Folder, project: Project
) -> None:
    text = (project.root / "Pulumi.mine.yaml").read_text()
    (project.root / "Pulumi.a-bad.yaml").write_text(text.replace("kind: ", "kind: x"))
    started = cli(folder, "start", "--stack", "*", cwd=project.root)
    assert started.returncode == 1
    assert "The sandbox is running" in started.stderr
    assert "Created the buckets of mine: acme-mine." in started.stderr
    assert "The stack a-bad can't be deployed and is left out:\n" in started.stderr
    assert "Pulumi.a-bad.yaml: identities." in started.stderr
    assert look(folder).state == "running"


def test_a_shell_that_was_set_up_for_an_earlier_sandbox_is_told(
    folder: Folder, project: Project
) -> None:
    assert cli(folder, "start").returncode == 0
    script = f"""
        eval "$({sys.executable} -m sandbox env --stack mine)"
        {sys.executable} -m sandbox stop
        {sys.executable} -m sandbox start --stack mine
        pulumi preview
    """
    done = shell(folder, "/bin/sh", "-c", script, cwd=project.root)
    assert done.returncode == 1
    assert "this shell's sandbox is gone" in done.stderr


def test_for_an_unknown_stack_nothing_is_started(folder: Folder, project: Project) -> None:
    assert cli(folder, "up", "--stack", "acct-*", cwd=project.root).returncode == 1
    assert look(folder).state == "stopped"
