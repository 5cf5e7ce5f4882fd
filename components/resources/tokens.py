"""Type tokens of the components. They are part of every URN: renaming one replaces resources."""

from typing import Final

ACCOUNT: Final = "circleci-s3-access:account:Account"
USER: Final = "circleci-s3-access:identities:User"
ROLE: Final = "circleci-s3-access:identities:Role"
ACCESS: Final = "circleci-s3-access:identities:Access"
ACCESS_KEYS: Final = "circleci-s3-access:identities:AccessKeys"
