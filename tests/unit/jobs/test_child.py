"""A command as a child: its environment, its exit code, its signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.clients import Credentials
from sandbox.jobs import child
from tests.unit.pages import ROOT

URL = "http://127.0.0.1:4566"
KEY = Credentials("AKIA1", "secret-of-the-key")


def test_its_aws_is_the_sandbox_and_nothing_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_STS", "AWS_ROLE_ARN"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    monkeypatch.setenv("no_proxy", "internal.example")
    monkeypatch.setenv("KEPT", "yes")
    made = child.variables(URL, KEY, "eu-west-1")
    assert {name: value for name, value in made.items() if name.startswith("AWS_")} == {
        "AWS_ACCESS_KEY_ID": "AKIA1",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-key",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": URL,
        "AWS_ENDPOINT_URL_S3": URL,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert (made["KEPT"], made["NO_PROXY"]) == ("yes", "127.0.0.1,internal.example")
    session = child.variables(URL, Credentials("ASIA1", "s", "token"), "eu-west-1")
    assert session["AWS_SESSION_TOKEN"] == "token"


@pytest.mark.parametrize(
    ("program", "code"),
    [("pass", 0), ("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_the_exit_code_is_the_commands(program: str, code: int) -> None:
    assert child.run([sys.executable, "-c", program], os.environ) == code


def test_a_command_that_can_not_start_is_told_as_by_a_shell(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    for command, code, words in (
        ("no-such-command", 127, "no-such-command: command not found"),
        (str(plain), 126, f"{plain}: Permission denied"),
    ):
        with pytest.raises(child.NotStartedError) as caught:
            child.run([command], os.environ)
        assert (caught.value.code, str(caught.value)) == (code, words)


PARENT = """
import os, sys
from sandbox.jobs import child
own = [sys.executable, "-c", sys.argv[1]]
sys.exit(child.run(own, os.environ, to_stderr="--to-stderr" in sys.argv))
"""
HEARD = """
import os, signal
heard = lambda number, _: (os.write(1, b"heard %d\\n" % number), os._exit(3))
for number in (1, 2, 3, 10, 12, 15): signal.signal(number, heard)
os.write(1, b"ready\\n")
signal.pause()
"""
DEAF = "import signal; print('ready', flush=True); signal.pause()"


@pytest.mark.parametrize(
    ("program", "number", "code", "said"),
    [
        (HEARD, signal.SIGTERM, 3, "heard 15\n"),
        (HEARD, signal.SIGHUP, 3, "heard 1\n"),
        (HEARD, signal.SIGINT, 3, "heard 2\n"),
        (DEAF, signal.SIGTERM, 143, ""),
        (DEAF, signal.SIGUSR1, 138, ""),
    ],
)
def test_signals_are_passed_on(program: str, number: int, code: int, said: str) -> None:
    line = [sys.executable, "-c", PARENT, program]
    # A session of its own has no terminal.
    with subprocess.Popen(
        line, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.send_signal(number)
        assert (parent.stdout.read(), parent.wait(timeout=20)) == (said, code)


def test_the_handlers_of_the_caller_are_put_back() -> None:
    before = [signal.getsignal(number) for number in child._PASSED_ON]
    child.run(["true"], os.environ)
    assert [signal.getsignal(number) for number in child._PASSED_ON] == before


def test_its_output_can_go_to_standard_error() -> None:
    line = [sys.executable, "-c", PARENT, "print(1)", "--to-stderr"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "1\n")
