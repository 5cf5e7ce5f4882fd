"""What a release is made from: one version in three files, and the notes about it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.ci.files import load
from tests.unit.pages import ROOT
from tools.ci.release import release


def project(root: Path, changelog: str, *, schema: str = "0.2.0") -> Path:
    (root / "plugin").mkdir()
    (root / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (root / "plugin" / "schema.json").write_text(json.dumps({"version": schema}))
    (root / "CHANGELOG.md").write_text(changelog)
    return root


def test_the_notes_are_the_versions_section_of_the_changelog(tmp_path: Path) -> None:
    text = (
        "# Changelog\n\n## Unreleased\n\n- c\n\n## 0.2.0 (2026-11-25)\n\n- b\n\n## 0.1.0\n\n- a\n"
    )
    assert release(project(tmp_path, text)) == ("v0.2.0", "- b")


@pytest.mark.parametrize(
    ("changelog", "schema", "told"),
    [
        ("## Unreleased\n\n- c\n", "0.2.0", "no section '## 0.2.0'"),
        ("## 0.2.0\n\n## 0.1.0\n\n- a\n", "0.2.0", "no section '## 0.2.0'"),
        ("## 0x2.0\n\n- a\n\n## 0.2.01\n\n- a\n", "0.2.0", "no section '## 0.2.0'"),
        ("## 0.2.0\n\n- b\n", "0.1.0", "plugin/schema.json is of version 0.1.0"),
    ],
)
def test_versions_that_differ_are_no_release(
    tmp_path: Path, changelog: str, schema: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        release(project(tmp_path, changelog, schema=schema))


def test_the_workflow_tests_first_and_releases_main_alone() -> None:
    jobs = load(ROOT / ".github/workflows/release.yml")["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert jobs["release"]["needs"] == "test"
    assert jobs["release"]["if"] == "github.ref == 'refs/heads/main'"
    assert "cache" not in json.dumps(jobs["release"])


@pytest.mark.parametrize("exists", [False, True])
def test_a_tag_that_exists_is_not_released(tmp_path: Path, *, exists: bool) -> None:
    """A tag may have been put on any commit; `gh` stands for GitHub here."""
    script = load(ROOT / ".github/workflows/release.yml")["jobs"]["release"]["steps"][1]["run"]
    text = f"#!/bin/sh\n[ $1 = api ] && exit {0 if exists else 1}\necho $3 > created\n"
    for name, code in (("gh", text), ("python3", "#!/bin/sh\nprintf 'v1.0.0\\nnotes\\n'\n")):
        (tmp_path / name).write_text(code)
        (tmp_path / name).chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_SHA": "c",
    }
    ended = subprocess.run(["/bin/bash", "-ec", script], cwd=tmp_path, env=env, check=False)
    assert (ended.returncode, (tmp_path / "created").exists()) == (int(exists), not exists)
