"""docs/map.md: its example, and the names that it has of options and columns."""

import re

import pytest

from rollout.mapping.model import Concern
from rollout.mapping.tables import COLUMNS
from tests.unit.pages import ROOT, page
from tests.unit.rollout.access_page import examples
from tests.unit.rollout.command_line import asking

PAGE = page("docs/map.md")


def test_the_page_shows_what_the_command_prints_of_the_example_stacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = examples(PAGE)
    ran = asking(monkeypatch, capsys)(ROOT, *example.arguments)
    assert ran.err == ""
    assert example.shown(ran.out, ran.code) == example.output


def test_the_page_names_the_columns_in_their_order() -> None:
    (told,) = re.findall(r"with the columns (.*?): since when", PAGE, re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", told)) == COLUMNS


def test_the_page_names_every_concern() -> None:
    words = " ".join(PAGE.split())
    assert [one.value for one in Concern if one.value not in words] == []
