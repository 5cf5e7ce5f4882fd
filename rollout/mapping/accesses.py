"""The access that a stack's file gives, as a preview would find it in the program's resources."""

import os
from typing import Final

from components.aws.limits import SESSION_SECONDS
from components.policy.layout import layouts, named_documents
from components.policy.trust import provider_arn, trust_document
from components.settings.model import Role, User
from components.settings.stack_file import StackFile
from rollout.access.diff import Access

ANY_ACCOUNT: Final = "0" * 12


def accesses(file: StackFile, account: str | None) -> dict[str, Access]:
    """Return the access of each identity, in an account.

    Raises:
        SettingsError: with every finding.
    """
    settings, partition = file.settings(), file.partition(os.environ)
    found = {}
    for name, layout in layouts(file.stack, settings, partition).items():
        identity = settings.identities[name]
        keys = identity.access_keys if isinstance(identity, User) else ()
        found[name] = Access(
            identity.KIND,
            named_documents(name, identity, layout, partition),
            trust=_trust(identity, partition, account or ANY_ACCOUNT),
            boundary=identity.permissions_boundary,
            access_keys=frozenset(key.label for key in keys),
            inactive_keys=frozenset(key.label for key in keys if not key.active),
            path=identity.path,
            session_seconds=(
                identity.max_session_seconds if isinstance(identity, Role) else SESSION_SECONDS[0]
            ),
            tags={**settings.tags, **identity.tags},
        )
    return found


def _trust(identity: User | Role, partition: str, account: str) -> dict[str, object] | None:
    if not isinstance(identity, Role):
        return None
    organization = identity.trust.organization
    return trust_document(identity.trust, provider_arn(partition, account, organization))
