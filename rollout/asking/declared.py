"""An identity as the program plans it, offline: its documents and its trust, from the stack's file.

The buckets' ARNs are what AWS will answer: they follow from the names and the partition.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.aws.limits import Kind
from components.aws.partitions import bucket_arn
from components.iam.document import PolicyDocument
from components.policy.layout import layouts, policy_name
from components.settings.model import Role, Stack, Trust, User
from components.settings.stack_file import StackFile
from rollout.errors import RolloutError

_ANY_ACCOUNT: Final = "0" * 12

NOT_LOOKED_AT: Final = (
    "Bucket policies, permissions boundaries and organization policies also count on AWS; "
    "they are not looked at here."
)


@dataclass(frozen=True)
class Declared:
    """One identity: its documents by the names that its policies will have.

    `account` is the stack's, or a made-up one where its file names none. A user has no `trust`.
    """

    stack: str
    name: str
    settings: User | Role
    partition: str
    account: str
    documents: Mapping[str, PolicyDocument]

    @property
    def kind(self) -> Kind:
        return self.settings.KIND

    @property
    def trust(self) -> Trust | None:
        """Which jobs may assume it, as the config has it."""
        return self.settings.trust if isinstance(self.settings, Role) else None

    @property
    def boundary_note(self) -> str | None:
        boundary = self.settings.permissions_boundary
        return boundary and f"{self.name} has the permissions boundary {boundary}, which limits it."


def declared(file: StackFile, name: str) -> Declared:
    """Plan one identity of a stack.

    Raises:
        SettingsError: with everything that is wrong with the stack's settings, or this identity's.
        RolloutError: the stack has no identity of this name.
    """
    settings = file.settings()
    identity = settings.identities.get(name)
    if identity is None:
        there = ", ".join(settings.identities) or "none"
        raise RolloutError(f"{file.path.name} has no identity '{name}'; there are: {there}")
    partition = file.partition(os.environ)
    alone = Stack.model_construct(identities={name: identity})
    layout = layouts(file.stack, alone, partition)[name]
    arns = {grant.bucket: bucket_arn(partition, grant.bucket) for grant in identity.grants}
    documents = {
        policy_name(name, identity.KIND, leaf): layout.document(leaf, arns)
        for leaf in layout.documents
    }
    return Declared(file.stack, name, identity, partition, file.account or _ANY_ACCOUNT, documents)
