"""docs/keys.md: its stack's file, its commands and what they print, on the sandbox."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from rollout.keys.steps import STEPS, Step
from tests.engine.harness import Project
from tests.engine.test_keys import keys
from tests.unit.pages import blocks, page, settings_of
from tests.unit.rollout.fake_circleci import Context, FakeCircleCi, serving

PAGE: Final = page("docs/keys.md")
SHOWN: Final = re.findall(r"<!-- days: (\d+) -->\n```console\n\$ (.*)\n([^`]*)```", PAGE)
VARIES: Final = (
    (r"…\w{4}", "…"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "a time"),
    (r"\b\d{4}-\d\d\b(?!-)", "a month"),
    ("us-east-1|eu-west-1", "a region"),  # moto's word for the one of STS
)


@pytest.fixture
def circleci() -> Iterator[FakeCircleCi]:
    with serving() as fake:
        fake.organizations.add("ours")
        fake.contexts["0407a4cd-7d9d-4359-a2ad-0a7c67c0ba96"] = Context("deploy", "ours")
        yield fake


def alike(text: str) -> list[str]:
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text)
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_page_shows_what_the_commands_print(checkout: Project, circleci: FakeCircleCi) -> None:
    (text,) = blocks(PAGE, "yaml")
    stack = checkout.stack(settings_of(text), name="dev")
    stack.file.write_text(stack.file.read_text().replace("'2026-08'", '"2026-08"'))
    stack.up()
    assert len(SHOWN) == 3
    for days, command, output in SHOWN:
        words = command.removeprefix("python -m rollout keys ").split()
        ran = keys(stack, *words, days=float(days), env=circleci.environment)
        assert ran.code == 0, ran.stderr
        assert alike(ran.stdout) == alike(output)
    ran = keys(stack, "list", "--json", env=circleci.environment)
    shown: dict[str, Any] = json.loads(blocks(PAGE, "json")[0])
    assert shape(json.loads(ran.stdout)) == shape(shown)
    ran = keys(
        stack, "rollback", "circleci-artifacts", "--stack", "dev", "--yes", env=circleci.environment
    )
    assert ran.code == 0, ran.stderr


def shape(value: Any) -> Any:
    """The keys of a JSON value, and of the first item of each list."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(one) for one in value[:1]] if isinstance(value, list) else None


def test_the_table_has_every_step_in_order() -> None:
    rows = re.findall(r"^\| ([\w ]+) \| .* \| .* \|$", PAGE, re.MULTILINE)
    in_code = list(dict.fromkeys(step.value for step, _ in STEPS))
    assert rows[1:] == in_code
    assert set(in_code) == {step.value for step in Step} - {Step.NOTHING.value}
