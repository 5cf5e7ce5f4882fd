"""Identities in a stack's file: what was there stays, and the strict reader reads the same."""

from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import pulumi_yaml
from rollout.errors import RolloutError
from rollout.writing.file import IDENTITIES, replace, with_identities

PLACE: Final = {"aws:region": "eu-west-1", "aws:allowedAccountIds": ["012345670123"]}
NEW: Final[dict[str, Any]] = {
    "ci": {
        "kind": "user",
        "grants": [{"bucket": "acme", "access": ["full"], "prefixes": ["2026-11-24/", "a b/"]}],
        "tags": {"yes": "true", "n": "0123", "c": "a: b #c", "d": "2026-11-24"},
    }
}
OLD: Final = """\
# first
encryptionsalt: v1:abc
config:
    # where
    aws:region:   'eu-west-1'   # here
    identities:
        old:
            kind: user    # by hand
            grants:
            - { bucket: b, access: [ read ] }
            # inside
        # behind
    "circleci-s3-access:tags": {a: b}
# last
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: circleci-s3-access\nruntime: python\n")
    return tmp_path / "Pulumi.dev.yaml"


def test_every_line_of_a_file_stays(project: Path) -> None:
    made = with_identities(OLD, PLACE, NEW, project)
    left = iter(made.splitlines())
    assert all(line in left for line in OLD.splitlines())
    assert "    aws:allowedAccountIds:" in made
    assert "        ci:\n          kind: user\n" in made
    assert made.index("ci:") > made.index("by hand")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "encryptionsalt: v1:abc\n",
        "config:\n",
        "config: {} # none yet\nencryptionsalt: v1:abc\n",
        "config:\n  aws:region: us-east-1",
        "config:\n  aws:region: us-east-1\n  identities: {} # none yet\n",
        "config:\n  identities:\n  aws:region: us-east-1\n",
        "config:\n  identities:\n    a: {kind: user}\n\n\nencryptionsalt: x\n",
        "config:\r\n  identities:\r\n    a: {kind: user}\r\n",
        "config:\n  identities:\n    a:\n      path: |\n        one\n        two\n",
    ],
)
def test_identities_are_added_to_any_block(project: Path, text: str) -> None:
    made = with_identities(text, PLACE, NEW, project)
    config = {key.split(":")[-1]: value for key, value in pulumi_yaml.parse(made)["config"].items()}
    before = (pulumi_yaml.parse(text) or {}).get("config") or {}
    old = before.get("identities") or {}
    assert config["identities"] == {**old, **NEW}
    assert config["region"] == before.get("aws:region", "eu-west-1")
    assert ("\r\n" in made) is ("\r\n" in text)
    assert made.count("\n") > text.count("\n")
    assert "# none yet" in made or "# none yet" not in text


@pytest.mark.parametrize(
    "text",
    [
        "config: {aws:region: us-east-1}\n",
        'config:\n  identities: \'{"a": {"kind": "user"}}\'\n',
        "config:\n  identities: {a: {kind: user}}\n",
        "config: [\n",
        "config: [a]\n",
        "- a\n",
        "config:\n  identities: {}\n  circleci-s3-access:identities: {}\n",
    ],
)
def test_a_file_without_a_place_for_them_is_refused(project: Path, text: str) -> None:
    project.write_text(text)
    with pytest.raises(RolloutError, match=r"^Pulumi\.dev\.yaml: "):
        with_identities(text, PLACE, NEW, project)


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0xFF, exclude_categories=["Cc"]))


@given(st.dictionaries(TEXTS, TEXTS, max_size=5))
def test_any_text_is_written_as_itself(tags: dict[str, str]) -> None:
    identities = {"ci": {"kind": "user", "tags": tags}}
    made = with_identities(OLD, {}, identities, Path("Pulumi.dev.yaml"))
    assert pulumi_yaml.parse(made)["config"]["identities"]["ci"]["tags"] == tags


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(project: Path) -> None:
    project.write_text("old")
    project.chmod(0o600)
    replace(project, "new\n")
    assert (project.read_text(), project.stat().st_mode & 0o777) == ("new\n", 0o600)
    replace(project, None)
    assert [one.name for one in project.parent.iterdir()] == ["Pulumi.yaml"]
    with pytest.raises(RolloutError, match="can't be written"):
        replace(project.parent / "no" / "such", "x")


def test_identities_have_their_full_key_in_a_new_file(project: Path) -> None:
    assert f"  {IDENTITIES}:\n    ci:\n" in with_identities("", PLACE, NEW, project)


def test_comments_are_above_keys_and_not_in_what_is_quoted(project: Path) -> None:
    quoted = "".join(f"x{n} access: y " for n in range(20))
    identities = {"access": {"grants": [{"access": ["read"], "prefixes": [quoted]}]}}
    made = with_identities(OLD, PLACE, identities, project, {"access": "C", "kind": "old"})
    plain = with_identities(OLD, PLACE, identities, project)
    assert pulumi_yaml.parse(made) == pulumi_yaml.parse(plain)
    assert made.count("# C") == 2
    assert "    # C\n        access:\n          grants:\n            # C\n" in made
    assert "# old" not in made


def test_one_key_is_added_as_a_line(project: Path) -> None:
    region = {"aws:region": "eu-west-1"}
    assert with_identities("config:\n  a:b: c\n", region, NEW, project).startswith(
        "config:\n  aws:region: eu-west-1\n  a:b: c\n"
    )
