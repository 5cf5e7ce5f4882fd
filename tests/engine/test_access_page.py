"""What docs/access.md shows of `preview` is what it prints, on the real engine."""

import re
from typing import Any

import yaml

from tests.engine.harness import Project
from tests.engine.rollouts import Rollout
from tests.unit.rollout.access_page import before, examples, stack_file

ACCOUNT = "810000000003"


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d s$", "N s", text, flags=re.MULTILINE)


def test_the_page_shows_what_a_preview_prints(checkout: Project) -> None:
    name, text = stack_file()
    (example,) = (one for one in examples() if one.arguments[0] == "preview")
    stack = checkout.stack(config(before(text)), name=name.split(".")[1], account=ACCOUNT)
    stack.up()
    stack.write(config(text))
    ran = Rollout(checkout).run(*example.arguments)
    shown = example.shown(ran.stdout, ran.code)
    assert without_seconds(shown) == without_seconds(example.output)


def config(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)["config"]
    return {**found, "aws:allowedAccountIds": [ACCOUNT]}  # one that no other test uses
