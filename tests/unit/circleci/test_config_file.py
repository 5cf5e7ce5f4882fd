"""The CircleCI config that is handed out: YAML whose values arrive as they were."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.circleci.config_file import config_file, session_name
from components.settings import pulumi_yaml
from components.settings.value_rules import wrong_identity_name

ARN = "arn:aws:iam::111111111111:role/ci"
STS_TAKES = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)

NAMES = st.from_regex(r"\A[A-Za-z0-9_+=,.@-]{1,64}\Z")
NAMES_TO_MISREAD = [
    "@ci",
    "-",
    ",x",
    "2026",
    "true",
    "null",
    "=",
    "1.5",
    "0x1f",
    "no",
    "2026-11-01",
]


def parsed(text: str) -> dict[str, Any]:
    """As PyYAML reads it, which is as Pulumi's reader does."""
    config: dict[str, Any] = yaml.safe_load(text)
    assert pulumi_yaml.parse(text) == config
    return config


def steps(text: str) -> tuple[dict[str, Any], str]:
    setup, run = parsed(text)["jobs"]["use-s3"]["steps"]
    return setup["aws-cli/setup"], run["run"]


@pytest.mark.parametrize("name", NAMES_TO_MISREAD)
def test_a_name_stays_a_text(name: str) -> None:
    setup, _ = steps(config_file(ARN, name, "eu-west-1", "true"))
    assert setup == {"role_arn": ARN, "role_session_name": name, "region": "eu-west-1"}


TEXTS = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF))


@given(TEXTS, TEXTS)
def test_a_command_and_a_role_arrive_whatever_they_hold(command: str, arn: str) -> None:
    setup, run = steps(config_file(arn, "ci", "eu-west-1", command))
    assert (setup["role_arn"], run) == (arn, command)


def test_the_orb_is_asked_for_another_session_than_its_own_only() -> None:
    setup, _ = steps(config_file(ARN, "ci", "eu-west-1", "true", 7_200))
    # The orb's parameter is a string.
    assert setup["session_duration"] == "7200"
    setup, _ = steps(config_file(ARN, "ci", "eu-west-1", "true", 3_600))
    assert "session_duration" not in setup


def test_the_job_is_in_a_workflow_and_the_orb_is_there() -> None:
    config = parsed(config_file(ARN, "ci", "eu-west-1", "true"))
    assert config["workflows"] == {"main": {"jobs": ["use-s3"]}}
    assert config["orbs"] == {"aws-cli": "circleci/aws-cli@5.1.1"}
    assert config["version"] == 2.1


@given(NAMES | st.sampled_from(["-", "x", "-" * 64, "-x", *NAMES_TO_MISREAD]))
def test_a_session_has_a_name_that_sts_and_the_orbs_shell_take(name: str) -> None:
    assert wrong_identity_name(name) is None
    assert STS_TAKES.fullmatch(session_name(name))
    assert not session_name(name).startswith("-")


@pytest.mark.parametrize(
    ("name", "session"),
    [("ci", "ci"), ("x" * 64, "x" * 64), ("@ci", "@ci"), ("x", "circleci-x"), ("-ci", "ci")],
)
def test_a_session_is_named_as_its_role_where_that_can_be(name: str, session: str) -> None:
    assert session_name(name) == session
