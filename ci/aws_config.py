"""`python -m ci.aws_config ROLE`: an AWS config in which each stack's profile is that role.

For many accounts in CI. A stack file names a profile, not a role, so that a preview takes a role
that may only read where an up takes one that may write, each in the stack's own account:

    .venv/bin/python -m ci.aws_config s3-access-preview >> ~/.aws/config

The role trusts the one whose credentials are in the environment. Where people work, ~/.aws/config
has the same profiles with roles of theirs.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from configparser import RawConfigParser
from pathlib import Path

from components.settings.findings import Finding, SettingsError
from components.settings.stack_file import StackFile, read, stacks


def roles(root: Path, role: str) -> Mapping[str, str]:
    """Return the ARN of the role for each profile that a stack of the project names.

    Raises:
        ExceptionGroup: of a SettingsError for each stack with a profile that can't be read, names
            no one account, or gives the profile another account than a stack before it.
    """
    found: dict[str, str] = {}
    errors: list[SettingsError] = []
    for stack in stacks(root):
        try:
            file = read(root, stack)
            if (profile := file.config.get("aws:profile")) is not None:
                arn = _arn(file, role)
                _same(stack, str(profile), found.setdefault(str(profile), arn), arn)
        except SettingsError as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("stack files", errors)
    return found


def _arn(file: StackFile, role: str) -> str:
    if file.account is None:
        fault = "has to name the one account that the profile is in"
        raise SettingsError(file.stack, [Finding("aws:allowedAccountIds", fault)])
    return f"arn:{file.partition(os.environ)}:iam::{file.account}:role/{role}"


def _same(stack: str, profile: str, before: str, now: str) -> None:
    if before != now:
        fault = f"'{profile}' is {before} for another stack; here it would be {now}"
        raise SettingsError(stack, [Finding("aws:profile", fault)])


def main(arguments: Sequence[str], root: Path) -> int:
    """Print the config and return the exit code."""
    parser = argparse.ArgumentParser("python -m ci.aws_config", description=__doc__.split("\n")[0])
    parser.add_argument("role", help="the role's name, with its path where it has one")
    wish = parser.parse_args(arguments)
    try:
        found = roles(root, wish.role)
    except ExceptionGroup as errors:
        sys.stderr.writelines(f"{error}\n" for error in errors.exceptions)
        return 1
    config = RawConfigParser()
    for profile, arn in found.items():
        config[f"profile {profile}"] = {"role_arn": arn, "credential_source": "Environment"}
    config.write(sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
