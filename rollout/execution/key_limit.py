"""Access keys that the next up would make, and those that their users have in AWS already.

AWS counts keys that no state knows too: those of a user that was adopted, or made by hand.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from components.aws.limits import ACCESS_KEYS
from components.settings.findings import Finding, SettingsError, path_of
from components.settings.stack_file import read
from rollout.deployed.account import account_of
from rollout.errors import AccountError


def access_key_findings(root: Path, stack: str, new: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Return a finding for each user that has no room for its new keys.

    Args:
        root: the project.
        stack: the stack.
        new: the labels of the keys that up would make, by the names of users that exist.

    Raises:
        AccountError: the keys can't be read.
    """
    try:
        iam = account_of(read(root, stack), ()).iam
        keys = {name: iam.list_access_keys(UserName=name)["AccessKeyMetadata"] for name in new}
    except (BotoCoreError, ClientError, SettingsError) as error:
        raise AccountError(f"the keys of {', '.join(new)} can't be read: {error}") from None
    return [
        Finding(
            path_of(("identities", name, "accessKeys")),
            f"{' and '.join(labels)} would be new, and the user has {len(keys[name])} in AWS "
            f"already ({', '.join(key['AccessKeyId'] for key in keys[name])}); AWS allows "
            f"{ACCESS_KEYS}, and up makes new ones before it deletes: remove a label and deploy, "
            "or delete a key that no job uses",
        )
        for name, labels in new.items()
        if len(keys[name]) + len(labels) > ACCESS_KEYS
    ]
