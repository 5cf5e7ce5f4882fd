import subprocess
import sys

import pytest

from tests.unit.pages import ROOT


@pytest.mark.parametrize("command", ["rollout", "sandbox"])
def test_a_python_without_the_packages_is_told_what_to_do(command: str) -> None:
    # With -S, Python sees no site-packages.
    line = [sys.executable, "-S", "-m", command, "--help"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: this Python has no ")
    assert done.stderr.endswith(f"it is .venv/bin/python -m {command}\n")
