"""`python -m tools.ci.aws_config ROLE`: an AWS config in which each stack's profile is that role.

For many accounts in CI. A stack file names a profile, not a role, so that a preview takes a role
that may only read where an up takes one that may write, each in the stack's own account:

    .venv/bin/python -m tools.ci.aws_config s3-access-preview >> ~/.aws/config

The role trusts the one that the job has: by credentials in the environment, or by a token that the
environment names a file of, as AWS's SDKs read it (AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN).
Where people work, ~/.aws/config has the same profiles with roles of theirs.
"""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from configparser import RawConfigParser
from pathlib import Path
from typing import Final

from components.settings.findings import Finding, SettingsError
from components.settings.stack_file import StackFile, read, stacks

_PROFILE: Final = re.compile(r"[A-Za-z0-9_.+=,@/-]+")
_JOB: Final = "circleci-s3-access-job"
"""The profile of the job's own role, where it has that by a token."""


def roles(root: Path, role: str) -> Mapping[str, str]:
    """Return the ARN of the role for each profile that a stack of the project names.

    Raises:
        ExceptionGroup: of a SettingsError for each stack that can't be read, or whose profile
            has a name that no profile can have, has no account, or has another account than in
            a stack before it.
    """
    found: dict[str, str] = {}
    errors: list[SettingsError] = []
    for stack in stacks(root):
        try:
            file = read(root, stack)
            if (profile := file.config.get("aws:profile")) is not None:
                name, arn = _name(stack, profile), _arn(file, role)
                _same(stack, name, found.setdefault(name, arn), arn)
        except SettingsError as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("stack files", errors)
    return found


def _name(stack: str, profile: object) -> str:
    """The profile's name, which can't end its line or its section in the config."""
    if not isinstance(profile, str) or not _PROFILE.fullmatch(profile):
        message = f"{profile!a} is not the name of a profile: letters, digits and any of _.+=,@/-"
        raise SettingsError(stack, [Finding("aws:profile", message)])
    return profile


def _arn(file: StackFile, role: str) -> str:
    if file.account is None:
        message = "has to name the one account that the profile is in"
        raise SettingsError(file.stack, [Finding("aws:allowedAccountIds", message)])
    return f"arn:{file.partition(os.environ)}:iam::{file.account}:role/{role}"


def _same(stack: str, profile: str, before: str, now: str) -> None:
    if before != now:
        message = f"'{profile}' is {before} for another stack; here it would be {now}"
        raise SettingsError(stack, [Finding("aws:profile", message)])


def profiles(found: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return a profile for each role, and the one of the job's own role where they need it.

    Raises:
        KeyError: the environment names a token's file and no role.
    """
    token = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if token is None:
        return {
            name: {"role_arn": arn, "credential_source": "Environment"}
            for name, arn in found.items()
        }
    own = {"role_arn": environment["AWS_ROLE_ARN"], "web_identity_token_file": token}
    assumed = {name: {"role_arn": arn, "source_profile": _JOB} for name, arn in found.items()}
    return {_JOB: own, **assumed}


def main(arguments: Sequence[str], root: Path) -> int:
    parser = argparse.ArgumentParser(
        "python -m tools.ci.aws_config", description=__doc__.split("\n")[0]
    )
    parser.add_argument("role", help="the role's name, with its path where it has one")
    given = parser.parse_args(arguments)
    try:
        made = profiles(roles(root, given.role), os.environ)
    except ExceptionGroup as errors:
        sys.stderr.writelines(f"{error}\n" for error in errors.exceptions)
        return 1
    except KeyError as missing:
        sys.stderr.write(
            f"error: AWS_WEB_IDENTITY_TOKEN_FILE is set and {missing.args[0]} is not\n"
        )
        return 1
    config = RawConfigParser()
    config.read_dict({f"profile {name}": profile for name, profile in made.items()})
    config.write(sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
