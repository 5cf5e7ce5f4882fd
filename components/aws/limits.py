"""The limits of IAM that are checked before AWS is called.

Source: AWS IAM User Guide, "IAM and AWS STS quotas", and the patterns of the
IAM API reference.
"""

from typing import Final, Literal

Kind = Literal["user", "role"]

INLINE: Final[dict[Kind, int]] = {"user": 2_048, "role": 10_240}
"""Total characters of all inline policies of one identity."""
MANAGED: Final = 6_144
"""Characters of one managed policy."""
ATTACHED: Final = 10
"""Managed policies attached to one identity, by default; AWS raises the quota on request."""
TRUST: Final = 2_048
"""Characters of a role's trust policy, by default; AWS raises the quota on request."""
ACCESS_KEYS: Final = 2
"""Access keys of one user, inactive ones included."""
NAME: Final = 64
"""Characters of a user's or role's name."""
PATH: Final = 512
TAGS: Final = 50
TAG_KEY: Final = 128
TAG_VALUE: Final = 256
SESSION_SECONDS: Final = (3_600, 43_200)
"""Minimum and maximum of a role's longest session. A job may request less, down to 900."""
