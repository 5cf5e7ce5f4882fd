"""What docs/access.md shows is what is printed; its preview is held by an engine test."""

from pathlib import Path

import pytest

from components.iam.document import PolicyDocument
from components.settings import load
from rollout.access.diff import Access, access_json
from tests.unit.rollout.access_page import Example, examples, json_example, stack_file
from tests.unit.rollout.command_line import asking
from tests.unit.rollout.diffs import stack_diff
from tests.unit.rollout.planning import documents_of
from tests.unit.settings.configs import grant, user

OFFLINE = [one for one in examples() if one.arguments[0] in {"can", "who"}]


@pytest.mark.parametrize("example", OFFLINE, ids=[" ".join(one.arguments) for one in OFFLINE])
def test_the_page_shows_what_the_command_prints(
    example: Example,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, text = stack_file()
    (tmp_path / "Pulumi.yaml").write_text("name: circleci-s3-access\nruntime: python\n")
    (tmp_path / name).write_text(text)
    ran = asking(monkeypatch, capsys)(tmp_path, *example.arguments)
    assert ran.err == ""
    assert example.shown(ran.out, ran.code) == example.output


def test_the_page_has_examples_of_all() -> None:
    assert {one.arguments[0] for one in examples()} == {"preview", "can", "who"}


def test_the_page_shows_the_json_of_a_change() -> None:
    def access(*words: str) -> Access:
        held = grant(bucket="acme-www", access=words, prefixes=["public/"])
        return Access("role", documents(held), trust={"Version": "2012-10-17", "Statement": []})

    def documents(held: dict[str, object]) -> dict[str, PolicyDocument]:
        return documents_of(load("t", {"identities": {"u": user(grants=[held])}}).identities["u"])

    old, new = access("read"), access("read", "delete")
    diff = stack_diff({"circleci-deploy": old}, {"circleci-deploy": new})
    assert json_example() == access_json("prod", diff)
