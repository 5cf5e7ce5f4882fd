"""The pages: configs load, tables are what the code does, links lead somewhere."""

import re
import tomllib
from typing import get_args

import pytest

from components.aws import limits
from components.aws.actions import ACCESS, Target
from components.policy.layout import layouts
from components.settings import Delivery, Grant, Role, Trust, User, load, warnings
from tests.unit.pages import ROOT, blocks, headings, links, page, settings_of

PAGES = [
    "README.md",
    "SECURITY.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
CONFIGS = [
    (name, text)
    for name in (
        *("README.md", "docs/configuration.md", "docs/keys.md"),
        *("docs/job-needs.md", "docs/permissions.md", "docs/roles.md"),
    )
    for text in blocks(page(name), "yaml")
    # README's other YAML block is a CircleCI config.
    if "orbs:" not in text
]


@pytest.mark.parametrize(("name", "text"), CONFIGS)
def test_a_config_that_is_shown_loads_and_gets_no_warning(name: str, text: str) -> None:
    settings = load(name, settings_of(text))
    assert settings.identities or settings.organizations
    assert layouts(name, settings, "aws").keys() == settings.identities.keys()
    assert [str(finding) for finding in warnings(settings)] == []


def test_every_page_that_shows_a_config_is_looked_at() -> None:
    assert {name for name, _ in CONFIGS} == {
        *("README.md", "docs/configuration.md", "docs/keys.md"),
        *("docs/job-needs.md", "docs/permissions.md", "docs/roles.md"),
    }


LINKS = sorted({(name, link) for name in PAGES for link in links(page(name))})


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_a_link_leads_somewhere(name: str, link: str) -> None:
    path, _, heading = link.partition("#")
    target = (ROOT / name).parent / path if path else ROOT / name
    assert target.exists()
    if heading:
        assert heading in headings(target.read_text(encoding="utf-8"))


def test_every_page_is_linked_from_the_readme() -> None:
    assert set(links(page("README.md"))) >= {name for name in PAGES if name != "README.md"}


CONFIGURATION = page("docs/configuration.md")


def rows(text: str) -> dict[str, list[str]]:
    """A page's table rows whose first cell is one word of code, by that word."""
    found = re.findall(r"^\| `([\w:-]+)` \|(.*)\|$", text, re.MULTILINE)
    return {word: row.split("|") for word, row in found}


def keys(*models: type[User | Role | Grant | Trust | Delivery]) -> set[str]:
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def test_the_configuration_page_has_every_key_of_identities_grants_and_deliveries() -> None:
    assert keys(User, Role, Grant, Delivery) <= rows(CONFIGURATION).keys()


def test_the_roles_page_shows_every_key_of_a_trust() -> None:
    (first, *_) = blocks(page("docs/roles.md"), "yaml")
    shown = settings_of(first)["identities"]["circleci-deploy"]["trust"]
    assert shown.keys() == keys(Trust)


@pytest.mark.parametrize("word", ACCESS)
def test_the_table_of_words_is_what_they_give(word: str) -> None:
    on_objects, on_bucket = rows(CONFIGURATION)[word]
    for cell, target in ((on_objects, Target.OBJECT), (on_bucket, Target.BUCKET)):
        given = {one.name for one in ACCESS[word] if one.target is target}
        assert set(re.findall(r"`(s3:[\w*]+)`", cell)) == given


def test_the_table_of_sizes_is_what_is_counted_with() -> None:
    shown = dict(re.findall(r"^\| ([^|`]+?) \| ([\d,]+) \|$", CONFIGURATION, re.MULTILINE))
    sizes = {what: int(size.replace(",", "")) for what, size in shown.items()}
    assert sizes == {
        "all inline policies of a user": limits.INLINE["user"],
        "all inline policies of a role": limits.INLINE["role"],
        "a managed policy (at most ten per identity)": limits.MANAGED,
        "a role's trust policy": limits.TRUST,
    }
    assert limits.ATTACHED == 10
    assert get_args(limits.Kind) == ("user", "role")


ARCHITECTURE = page("docs/architecture.md")


def test_the_architecture_page_has_every_room() -> None:
    rooms = {
        path.parent.relative_to(ROOT).as_posix()
        for top in ("components", "rollout", "sandbox", "tools")
        for path in (ROOT / top).glob("*/__init__.py")
    }
    assert len(rooms) > 10
    assert {room for room in rooms if f"| `{room}` |" not in ARCHITECTURE} == set()


def test_the_architecture_page_has_the_order_of_the_contracts() -> None:
    contracts = tomllib.loads(page("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    orders = [one["layers"] for one in contracts if one["type"] == "layers"]
    assert len(orders) > 2
    shown = ARCHITECTURE.replace("\\_", "_")
    for layers in orders:
        assert f"| {' → '.join(layers).replace(' | ', ', ')} |" in shown
