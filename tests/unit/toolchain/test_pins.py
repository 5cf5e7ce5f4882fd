import shutil
from pathlib import Path

import pytest

from toolchain import pins
from toolchain.pins import Version, parse_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.200.0\n", Version(3, 200, 0)),
        ("3.200.0", Version(3, 200, 0)),
        ("v3.201.0-alpha.1731001+5f2c", Version(3, 201, 0, released=False)),
        ("v3.200.0+dirty", Version(3, 200, 0)),
        ("3.200", None),
        ("command not found", None),
        ("", None),
    ],
)
def test_version_is_read_from_what_pulumi_prints(text: str, version: Version | None) -> None:
    assert parse_version(text) == version


def test_versions_order_by_number_with_prereleases_before_their_release() -> None:
    texts = ["3.9.0", "3.99.12", "3.200.0-rc.1", "3.200.0", "3.200.1", "3.201.0-dev", "4.0.0"]
    versions = [parse_version(text) for text in texts]
    assert versions == sorted(version for version in versions if version is not None)
    assert len(set(versions)) == len(texts)


def test_pinned_version_is_the_one_that_go_mod_requires(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(
        "module m\n\ngo 1.24\n\n"
        "require (\n\tgithub.com/pulumi/pulumi/sdk/v3 v3.123.4 // indirect\n)\n"
    )
    assert pins.pinned_version(tmp_path) == Version(3, 123, 4)
    assert pins.needed_go(tmp_path) == "1.24"


def test_go_mod_without_a_pin_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module m\n")
    with pytest.raises(ValueError, match=r"go\.mod pins no github\.com/pulumi"):
        pins.pinned_version(tmp_path)
    with pytest.raises(ValueError, match=r"go\.mod has no go line"):
        pins.needed_go(tmp_path)


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_key_changes_with_each_pinning_file(tmp_path: Path, name: str) -> None:
    module = Path(shutil.copytree(pins.HOST_MODULE, tmp_path / "module"))
    before = pins.key((module,))
    assert pins.key((module,)) == before
    with (module / name).open("a") as file:
        file.write("// changed\n")
    assert pins.key((module,)) != before
