import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from rollout.lock import find_lock

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
    lock = find_lock(words(9062, "build-7.example.com", user="ci@acme"))
    assert str(lock) == (
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


def left(pid: int, host: str, started: datetime | None, at: datetime = AT) -> bool:
    lock = find_lock(words(pid, host, at))
    assert lock is not None
    return lock.is_left_by(started)


def test_the_lock_of_a_dead_process_of_the_killed_rollout_is_left_over() -> None:
    within_its_second = AT + timedelta(microseconds=900_000)
    assert left(dead_pid(), socket.gethostname(), within_its_second)


def test_the_lock_of_a_living_process_is_not() -> None:
    assert not left(os.getpid(), socket.gethostname(), AT)


def test_the_lock_of_another_machine_is_not_whatever_runs_here() -> None:
    assert not left(dead_pid(), "another.example.com", AT)


def test_a_lock_from_before_the_killed_rollout_is_not() -> None:
    assert not left(dead_pid(), socket.gethostname(), AT + timedelta(seconds=5))


def test_a_lock_of_a_stack_that_the_rollout_never_started_is_not() -> None:
    assert not left(dead_pid(), socket.gethostname(), None)


def test_a_lock_without_a_holder_is_not() -> None:
    lock = find_lock("[409] Conflict")
    assert lock is not None
    assert not lock.is_left_by(AT)
