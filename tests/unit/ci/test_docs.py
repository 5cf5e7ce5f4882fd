"""docs/ci.md shows the files as they are, and names all that they need."""

import re
from pathlib import Path

import pytest

from ci.embed import DOCS, ROOT, embed, shown
from tests.unit.ci.files import ALL, CIRCLECI, load, values

BLOCK = "<!-- file: {} -->\n```yaml\n{}```\n"
TEXT = DOCS.read_text(encoding="utf-8")


def test_page_shows_every_file_as_it_is() -> None:
    assert sorted(shown(TEXT)) == sorted(str(path.relative_to(ROOT)) for path in ALL)
    assert embed(TEXT) == TEXT, "python3 -m ci.embed puts them in"


def test_changed_file_replaces_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("new: 1\n")
    (tmp_path / "b.yml").write_text("other: 2\n")
    page = "# A\n{}\n{}# B\n".format(*map(BLOCK.format, ("a.yml", "b.yml"), ("{}", "{}")))
    new = page.format("new: 1\n", "other: 2\n")
    assert embed(page.format("old: 1\nlonger: 2\n", ""), tmp_path) == new
    assert embed(new, tmp_path) == new


def prose() -> str:
    return TEXT.partition("## The files")[0]


def test_page_names_every_variable_context_and_environment() -> None:
    files = "".join(path.read_text(encoding="utf-8") for path in ALL)
    wanted = set(re.findall(r"\bvars\.(\w+)", files)) | {"AWS_ROLE_ARN"}
    wanted |= set(values(load(CIRCLECI)["workflows"], "context"))
    wanted |= {"`dev`", "`prod`", "nightly-drift"}
    assert {word for word in wanted if word not in prose()} == set()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https:)([^)]+)\)", prose()))))
def test_link_leads_somewhere(link: str) -> None:
    path, _, heading = link.partition("#")
    target = (DOCS.parent / path).resolve() if path else DOCS
    assert target.exists()
    if heading:
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert heading in {
            re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings
        }
