"""A ``.circleci/config.yml`` whose one job assumes a role and runs a command.

Source: CircleCI-Public/aws-cli-orb, ``src/commands/setup.yml`` and
``src/scripts/assume_role_with_web_identity.sh``: it exchanges CIRCLE_OIDC_TOKEN_V2
for a session of 3,600 seconds by default.
"""

import json
from typing import Final

ORB: Final = "circleci/aws-cli@5.1.1"

ORB_SECONDS: Final = 3_600
"""The session duration that the orb requests by default."""

_SHORTEST: Final = 2
"""Minimum characters of a session's name (AWS STS API reference, AssumeRoleWithWebIdentity)."""

_TEMPLATE: Final = """\
version: 2.1
orbs:
  aws-cli: {orb}
jobs:
  use-s3:
    docker:
      - image: cimg/base:current
    steps:
      - aws-cli/setup:
          {setup}
      - run: {command}
workflows:
  main:
    jobs:
      - use-s3
"""


def config_file(
    role_arn: str, session: str, region: str, command: str, session_seconds: int = ORB_SECONDS
) -> str:
    """The text of a CircleCI config with one job.

    Args:
        role_arn: the role to assume.
        session: the session's name, which CloudTrail shows.
        region: the region of the job's AWS calls.
        command: The shell command to run. It must not contain ``<<``, which starts a
            parameter in CircleCI.
        session_seconds: how long the session lasts.
    """
    setup = {"role_arn": role_arn, "role_session_name": session, "region": region}
    if session_seconds != ORB_SECONDS:
        setup["session_duration"] = str(session_seconds)
    lines = [f"{key}: {_scalar(value)}" for key, value in setup.items()]
    return _TEMPLATE.format(orb=ORB, setup=f"\n{' ' * 10}".join(lines), command=_scalar(command))


def session_name(identity: str) -> str:
    """The name of a role's sessions: the name of the role if the orb and STS allow it.

    Both allow the same characters. But the orb passes the name to ``echo`` and the AWS CLI,
    where a name that starts with ``-`` is an option.
    """
    name = identity.lstrip("-")
    return name if len(name) >= _SHORTEST else f"circleci-{name}"


def _scalar(text: str) -> str:
    """A text as a YAML scalar. JSON strings are valid in YAML.

    This is not true above U+FFFF, which names, paths and prefixes can't contain.
    """
    return json.dumps(text)
