import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox import shim
from sandbox.shim import SALT, ShimError, check_instance, command_line, copy_of, parse


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: access\nruntime: python\n")
    (root / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    return root


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"SANDBOX_PULUMI": "/opt/pulumi", "SANDBOX_DIR": str(tmp_path / "box")}


def make_known(environment: dict[str, str], stack: str) -> None:
    state = Path(environment["SANDBOX_DIR"], "state/.pulumi/stacks/access")
    state.mkdir(parents=True, exist_ok=True)
    (state / f"{stack}.json").touch()


@pytest.mark.parametrize(
    ("line", "words", "stack"),
    [
        ("up --stack dev", ("up",), "dev"),
        ("up --stack=dev --yes", ("up",), "dev"),
        ("up -s org/access/dev", ("up",), "dev"),
        ("-C sub --color never preview", ("preview",), "of-env"),
        ("--non-interactive up -y", ("up",), "of-env"),
        ("stack init prod --secrets-provider passphrase", ("stack", "init", "prod"), "prod"),
        ("stack init -s prod", ("stack", "init"), "prod"),
        ("up -- --stack other", ("up",), "of-env"),
    ],
)
def test_command_lines_are_read(line: str, words: tuple[str, ...], stack: str) -> None:
    asked = parse(line.split(), {"PULUMI_STACK": "of-env"}, Path("/here"))
    assert asked.words[: len(words)] == words
    assert asked.stack == stack


@pytest.mark.parametrize("operation", ["preview", "up", "refresh", "destroy", "import"])
def test_an_operation_gets_a_copy_of_the_stack_file_with_the_sandboxs_salt(
    project: Path, environment: dict[str, str], operation: str
) -> None:
    make_known(environment, "dev")
    command, before = command_line([operation, "-s", "dev"], environment, project)
    assert command[:5] == ["/opt/pulumi", operation, "-s", "dev", "--config-file"]
    copy = Path(command[5])
    assert yaml.safe_load(copy.read_text()) == {
        "config": {"aws:region": "eu-west-1"},
        "encryptionsalt": SALT,
    }
    assert not copy.is_relative_to(project)
    assert before is None


def test_a_change_of_the_stack_file_is_in_the_next_copy(
    project: Path, environment: dict[str, str]
) -> None:
    first = copy_of(project, "dev", Path(environment["SANDBOX_DIR"]))
    (project / "Pulumi.dev.yaml").write_text("config: {a: b}")
    assert copy_of(project, "dev", Path(environment["SANDBOX_DIR"])) == first
    assert yaml.safe_load(first.read_text())["config"] == {"a": "b"}


def test_a_stack_that_is_not_there_is_made_first_outside_the_checkout(
    project: Path, environment: dict[str, str]
) -> None:
    _, before = command_line(["up", "-s", "dev"], environment, project)
    assert before is not None
    assert before[:4] == ["/opt/pulumi", "stack", "init", "dev"]
    assert "--no-select" in before
    assert not Path(before[before.index("--cwd") + 1]).is_relative_to(project)
    command, _ = command_line(["stack", "init", "dev"], environment, project)
    assert command == before


@pytest.mark.parametrize(
    "line",
    ["version", "stack output", "config set a b", "up --config-file mine.yaml", "whoami -v 3"],
)
def test_everything_else_goes_to_the_cli_as_it_is(
    project: Path, environment: dict[str, str], line: str
) -> None:
    command, before = command_line(line.split(), {**environment, "PULUMI_STACK": "dev"}, project)
    assert command == ["/opt/pulumi", *line.split()]
    assert before is None


@pytest.mark.parametrize(("line", "here"), [("up", "."), ("up", "src/deep"), ("-C src up", ".")])
def test_the_project_is_found_where_the_cli_finds_it(project: Path, line: str, here: str) -> None:
    (project / "src" / "deep").mkdir(parents=True)
    assert parse(line.split(), {}, project / here).project == project


def test_where_there_is_no_project_the_cli_is_left_to_say_so(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    assert command_line(["up", "-s", "dev"], environment, tmp_path) == (
        ["/opt/pulumi", "up", "-s", "dev"],
        None,
    )


@pytest.mark.parametrize("key", ["encryptionsalt", "encryptedkey", "secretsprovider"])
def test_the_secrets_of_another_backend_are_left_out(
    project: Path, tmp_path: Path, key: str
) -> None:
    (project / "Pulumi.dev.yaml").write_text(f"{key}: theirs\nconfig:\n  a: b")
    copy = copy_of(project, "dev", tmp_path / "box")
    assert yaml.safe_load(copy.read_text()) == {"config": {"a": "b"}, "encryptionsalt": SALT}


def test_encrypted_values_are_refused(project: Path, tmp_path: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  a:\n    secure: v1:x\n")
    with pytest.raises(ShimError, match=r"Pulumi\.dev\.yaml has encrypted values"):
        copy_of(project, "dev", tmp_path / "box")


def test_another_sandbox_than_the_shells_is_refused(tmp_path: Path) -> None:
    shell = {"SANDBOX_DIR": str(tmp_path), "SANDBOX_INSTANCE": "mine"}
    with pytest.raises(ShimError, match="gone"):
        check_instance(shell)
    (tmp_path / "instance").write_text("another")
    with pytest.raises(ShimError, match="gone"):
        check_instance(shell)
    (tmp_path / "instance").write_text("mine")
    check_instance(shell)


def test_a_dead_sandbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("mine")
    with socket.create_server(("127.0.0.1", 0)) as server:
        shell = {
            "SANDBOX_DIR": str(tmp_path),
            "SANDBOX_INSTANCE": "mine",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
        }
        check_instance(shell)
    with pytest.raises(ShimError, match=r"no longer answers .*sandbox start"):
        check_instance(shell)


@pytest.mark.parametrize(("command", "code"), [("version", 0), ("preview", 1)])
def test_a_dead_sandbox_tells_its_version_and_does_nothing_else(
    tmp_path: Path, command: str, code: int
) -> None:
    """A rollout in its shell took the next CLI, which wrote a salt into the stack's file."""
    shell = {"SANDBOX_DIR": str(tmp_path), "SANDBOX_PULUMI": "/bin/echo"}
    line = [sys.executable, shim.__file__, command]
    done = subprocess.run(line, env=shell, capture_output=True, text=True, check=False)
    assert (done.returncode, "is gone" in done.stderr) == (code, code == 1)


def test_a_file_in_another_encoding_is_refused_without_a_traceback(
    project: Path, tmp_path: Path
) -> None:
    (project / "Pulumi.dev.yaml").write_bytes("config: {}".encode("utf-16"))
    with pytest.raises(ShimError, match=r"Pulumi\.dev\.yaml is not UTF-8"):
        copy_of(project, "dev", tmp_path / "configs")
