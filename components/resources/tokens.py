"""Type tokens of the components. They are part of every URN: renaming one replaces resources."""

from typing import Final

ACCOUNT: Final = "circleci-s3-access:index:Account"
USER: Final = "circleci-s3-access:index:User"
ROLE: Final = "circleci-s3-access:index:Role"
