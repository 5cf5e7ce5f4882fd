"""The TypeScript SDK that is generated from the package's schema, in a program that uses it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from plugin.package import ROOT
from tests.unit.pages import blocks, page

GENERATOR = ROOT / "tools" / "toolchain" / "cli"
(PROGRAM,) = blocks(page("docs/packages.md"), "typescript")
CHECK = ["--noEmit", "--strict", "--skipLibCheck", "--target", "ES2022", "--module", "nodenext"]


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated SDK, with its dependencies."""
    if missing := [name for name in ("go", "node", "npm") if shutil.which(name) is None]:
        pytest.skip(f"the TypeScript SDK needs {', '.join(missing)} on PATH")
    folder = tmp_path_factory.mktemp("sdk")
    generate = [
        "go",
        "run",
        "-mod=readonly",
        "./typescript",
        str(ROOT / "plugin/schema.json"),
        str(folder),
    ]
    env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    subprocess.run(generate, cwd=GENERATOR, env=env, check=True)
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if any(code in done.stderr for code in ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN")):
        pytest.skip("the npm registry can't be reached")
    assert done.returncode == 0, done.stderr
    return folder


def check(sdk: Path, program: str) -> str:
    (sdk / "program.ts").write_text(program)
    argv = [str(sdk / "node_modules/.bin/tsc"), *CHECK, "program.ts"]
    return subprocess.run(argv, cwd=sdk, capture_output=True, text=True, check=False).stdout


def test_the_pages_program_is_type_checked_against_the_sdk(sdk: Path) -> None:
    program = PROGRAM.replace("@pulumi/circleci-s3-access", "./index")
    assert check(sdk, program) == ""
    wrong = program.replace("prefixes:", "prefix:")
    assert "'prefix' does not exist in type" in check(sdk, wrong)
