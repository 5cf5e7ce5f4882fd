"""Labels of a user's keys in a stack's file: the rest of the file stays, to the letter."""

from pathlib import Path
from typing import Final

import pytest

from components.settings import AccessKey, load
from components.settings.load import own_config
from components.settings.pulumi_yaml import parse
from rollout.errors import RolloutError
from rollout.keys.file import with_labels

HEAD: Final = """\
# who may do what
config:
  aws:region: eu-west-1 # near
  identities:
    ci:
      kind: user
"""
TAIL: Final = """\
      # the bucket
      grants: [{bucket: acme, access: [read]}]
    other: {kind: user, accessKeys: ["2026-10"], grants: [{bucket: acme, access: [read]}]}
"""
A, B, OFF = AccessKey(label="2026-10"), AccessKey(label="b"), {"label": "2026-10", "active": False}
A_OFF: Final = AccessKey.model_validate(OFF)

FORMS: Final = [
    ('      accessKeys: ["2026-10"] # hot\n', [A, B], '      accessKeys: ["2026-10", "b"] # hot\n'),
    (
        "      accessKeys: ['2026-10', b]\n",
        [A_OFF, B],
        '      accessKeys: [{label: "2026-10", active: false}, b]\n',
    ),
    ("      accessKeys: ['2026-10', b]\n", [B], "      accessKeys: [b]\n"),
    (
        "      accessKeys:\n        # first\n        - '2026-10' # one\n",
        [A, B],
        "      accessKeys:\n        # first\n        - '2026-10' # one\n        - \"b\"\n",
    ),
    (
        "      accessKeys:\n      - '2026-10' # one\n      # and\n      - b # two\n",
        [A_OFF, B],
        (
            '      accessKeys:\n      - {label: "2026-10", active: false} # one\n      # and\n'
            "      - b # two\n"
        ),
    ),
    (
        "      accessKeys:\n      - '2026-10' # one\n      - b # two\n",
        [B, A],
        "      accessKeys:\n      - b # two\n      - '2026-10' # one\n",
    ),
    (
        "      accessKeys:\n      - label: '2026-10'\n        active: false\n      - b # two\n",
        [B],
        "      accessKeys:\n      - b # two\n",
    ),
    (
        "      accessKeys:\n      - label: '2026-10'\n        active: false\n      - b # two\n",
        [B, A],
        '      accessKeys:\n      - b # two\n      - "2026-10"\n',
    ),
]


@pytest.mark.parametrize(("before", "labels", "after"), FORMS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_labels_are_written_and_the_rest_stays(
    before: str, labels: list[AccessKey], after: str, ends: str, tmp_path: Path
) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    text, wished = ((HEAD + part + TAIL).replace("\n", ends) for part in (before, after))
    made = with_labels(text, "ci", labels, path)
    assert made == wished
    config = {
        f"circleci-s3-access:{k}": v for k, v in parse(made)["config"].items() if ":" not in k
    }
    user = load("dev", own_config(config)).identities["ci"]
    assert user.access_keys == tuple(labels)  # type: ignore[union-attr]
    assert with_labels(made, "ci", labels, path) == made


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '      accessKeys: [ # why\n        "2026-10"]\n' + TAIL,
        HEAD + "      accessKeys: &keys ['2026-10']\n" + TAIL.replace('["2026-10"]', "*keys"),
        'config:\n  identities: \'{"ci": {"kind": "user", "accessKeys": ["2026-10"]}}\'\n',
    ],
)
def test_a_form_that_would_lose_something_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(RolloutError, match=r"Pulumi.dev.yaml: the labels of ci can't be changed"):
        with_labels(text, "ci", [A, B], tmp_path / "Pulumi.dev.yaml")
