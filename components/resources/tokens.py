"""Type tokens of the components. They are part of every URN: renaming one replaces resources."""

from typing import Final

USER: Final = "circleci-s3-access:identities:User"
ROLE: Final = "circleci-s3-access:identities:Role"
ACCESS: Final = "circleci-s3-access:identities:Access"
ACCESS_KEYS: Final = "circleci-s3-access:identities:AccessKeys"
ORGANIZATION: Final = "circleci-s3-access:circleci:Organization"
