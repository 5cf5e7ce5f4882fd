from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.authorization.record import Call, Check, Recorder, end, read


def _call(number: int) -> Call:
    check = Check("s3:GetObject", f"arn:aws:s3:::b/ä\n{number}", allowed=True, reason="", sid="S")
    return Call("2026-11-24T00:00:00Z", "AKIA", "", "s3", "GetObject", (check,), True, 200, "b")  # noqa: FBT003


def test_calls_of_many_threads_are_read_back_whole_from_an_offset(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    assert (read(path), end(path)) == ([], 0)
    recorder = Recorder(path)
    recorder.append(_call(-1))
    start = end(path)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(recorder.append, map(_call, range(500))))
    recorder.close()
    assert sorted(read(path, start), key=str) == sorted(map(_call, range(500)), key=str)
    assert path.stat().st_mode & 0o777 == 0o600
