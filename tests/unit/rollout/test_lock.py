import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.execution.lock import Lock, find_lock

AT = datetime(2026, 11, 24, 6, 28, 25, tzinfo=UTC)


def words(pid: int, host: str, at: datetime = AT, user: str = "root") -> str:
    """What the engine prints of a locked stack: checkForLock in its pkg/backend/diy/lock.go."""
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) "
        "to end or delete the lock file with `pulumi cancel`.\n"
        "  file:///state/.pulumi/locks/organization/project/dev/4c01e2ff.json: "
        f"created by {user}@{host} (pid {pid}) at {at.isoformat().replace('+00:00', 'Z')}"
    )


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_the_holder_is_told_with_host_process_and_time() -> None:
    assert str(find_lock(words(9062, "build-7.example.com", user="ci@acme"))) == (
        "locked by ci@acme@build-7.example.com (pid 9062) since 2026-11-24 06:28:25 UTC"
    )


def test_every_holder_is_told() -> None:
    text = f"{words(1, 'a')}\n{words(2, 'b').splitlines()[1]}"
    assert str(find_lock(text)).count("pid") == 2


def test_pulumi_clouds_conflict_is_a_lock_without_a_name() -> None:
    conflict = "error: [409] Conflict: Another update is currently in progress."
    assert str(find_lock(conflict)) == "locked by another update (Pulumi Cloud shows it)"


def test_another_failure_is_no_lock() -> None:
    assert find_lock("error: the bucket was created by mistake") is None


def lock(pid: int, host: str, at: datetime = AT) -> Lock:
    found = find_lock(words(pid, host, at))
    assert found is not None
    return found


HERE = socket.gethostname()


def test_the_lock_of_a_dead_process_of_this_machine_is_dead() -> None:
    assert lock(dead_pid(), HERE).is_dead


@pytest.fixture
def pulumi(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is called as the CLI is, and waits."""
    (tmp_path / "pulumi").symlink_to(Path(sys.executable).resolve())
    wait = [str(tmp_path / "pulumi"), "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(wait, stdin=subprocess.PIPE) as one:
        yield one
        one.kill()


def test_the_lock_of_a_killed_process_that_nobody_buries_is_dead(
    pulumi: "subprocess.Popen[bytes]",
) -> None:
    assert not lock(pulumi.pid, HERE).is_dead
    pulumi.kill()
    os.waitid(os.P_PID, pulumi.pid, os.WEXITED | os.WNOWAIT)
    assert lock(pulumi.pid, HERE).is_dead


def test_the_lock_of_a_process_whose_id_another_program_has_by_now_is_dead() -> None:
    assert lock(os.getpid(), HERE).is_dead


def test_the_lock_of_another_machine_is_not_whatever_runs_here() -> None:
    assert not lock(dead_pid(), "another.example.com").is_dead


def test_a_lock_without_a_holder_is_neither_dead_nor_ours() -> None:
    found = find_lock("[409] Conflict")
    assert found is not None
    assert not found.is_dead
    assert not found.is_of(AT)


def test_a_lock_made_since_a_rollout_started_the_stack_is_of_it_to_the_second() -> None:
    assert lock(1, HERE).is_of(AT + timedelta(microseconds=900_000))
    assert not lock(1, HERE).is_of(AT + timedelta(seconds=5))


def test_a_lock_of_another_machine_or_of_a_stack_never_started_is_not_of_it() -> None:
    assert not lock(1, "another.example.com").is_of(AT)
    assert not lock(1, HERE).is_of(None)
