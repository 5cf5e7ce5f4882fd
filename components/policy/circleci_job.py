"""A ready ``.circleci/config.yml`` whose job assumes a role and uses one of its grants.

Source: CircleCI-Public/aws-cli-orb, ``src/commands/setup.yml``: it trades
CIRCLE_OIDC_TOKEN_V2 for a session of 3,600 s, whose name it cuts to 64 characters.
"""

import re
from collections.abc import Iterable
from typing import Final

from components.aws.actions import EVERYTHING
from components.policy.permissions import Permission

ORB: Final = "circleci/aws-cli@5.1.1"

_SESSION_NAME: Final = 64

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
          role_arn: {role}
          role_session_name: {session}
          region: {region}
      - run: {command}
workflows:
  main:
    jobs:
      - use-s3
"""


def job_config(identity: str, role_arn: str, region: str, held: Iterable[Permission]) -> str:
    """The text of a CircleCI config with one job that assumes the role.

    Args:
        identity: the role's name; also the session's, which CloudTrail shows.
        role_arn: the role to assume.
        region: the region of the job's AWS calls.
        held: what the role may do; the job runs one command that this allows.
    """
    return _TEMPLATE.format(
        orb=ORB,
        role=role_arn,
        session=re.sub(r"[^\w+=,.@-]", "-", identity)[:_SESSION_NAME],
        region=region,
        command=_quoted(example_command(held)),
    )


def example_command(held: Iterable[Permission]) -> str:
    """One ``aws s3`` command that the permissions allow: the one that says most."""
    wanted = sorted(held, key=lambda one: (one.bucket, one.prefix))
    for permission in wanted:
        place = f"s3://{permission.bucket}/{permission.prefix}"
        if "s3:ListBucket" in permission.listing:
            return f"aws s3 ls '{place}'"
    for permission in wanted:
        place = f"s3://{permission.bucket}/{permission.prefix}"
        if permission.on_objects & {EVERYTHING, "s3:PutObject"}:
            return f"date | aws s3 cp - '{place}circleci-s3-access.txt'"
        if "s3:GetObject" in permission.on_objects:
            return f"aws s3 cp '{place}YOUR-OBJECT' ."
        if "s3:DeleteObject" in permission.on_objects:
            return f"aws s3 rm '{place}YOUR-OBJECT'"
    return "aws sts get-caller-identity"


def _quoted(command: str) -> str:
    """The command as a YAML scalar in double quotes."""
    escaped = command.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
