"""A ``.circleci/config.yml`` whose one job assumes a role and runs a command.

Source: CircleCI-Public/aws-cli-orb, ``src/commands/setup.yml`` and
``src/scripts/assume_role_with_web_identity.sh``: it trades CIRCLE_OIDC_TOKEN_V2
for a session, of 3,600 s where nothing else is asked for.
"""

import json
from typing import Final

ORB: Final = "circleci/aws-cli@5.1.1"

ORB_SECONDS: Final = 3_600
"""The session that the orb asks for by itself."""

_SHORTEST: Final = 2
"""Characters of a session's name, at least (AWS STS API reference, AssumeRoleWithWebIdentity)."""

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
        command: the shell command to run. CircleCI takes ``<<`` in it for a
            parameter, so that it holds none.
        session_seconds: how long the session lasts.
    """
    setup = {"role_arn": role_arn, "role_session_name": session, "region": region}
    if session_seconds != ORB_SECONDS:
        setup["session_duration"] = str(session_seconds)
    lines = [f"{key}: {_scalar(value)}" for key, value in setup.items()]
    return _TEMPLATE.format(orb=ORB, setup=f"\n{' ' * 10}".join(lines), command=_scalar(command))


def session_name(identity: str) -> str:
    """The name for a role's sessions: the role's own, wherever the orb and STS take it.

    Both take the same characters. But the orb hands the name to ``echo`` and to
    the AWS CLI, which take one that starts with ``-`` for an option.
    """
    name = identity.lstrip("-")
    return name if len(name) >= _SHORTEST else f"circleci-{name}"


def _scalar(text: str) -> str:
    """A text in YAML that stays this text: JSON's strings are YAML's, too.

    Not so beyond U+FFFF, which no name, path or prefix in IAM holds.
    """
    return json.dumps(text)
