"""The layout of an identity's policies, made before the first call to AWS.

How many policies an identity needs depends on sizes, and sizes on the buckets'
ARNs. The ARNs follow from the names and the partition, so all limits are checked in
the preview. The documents themselves contain the ARNs that are looked up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.aws import limits
from components.aws.partitions import LONGEST, bucket_arn
from components.iam.document import PolicyDocument, size
from components.policy.access import Restrictions, access_document
from components.policy.findings import key_findings, size_finding, trust_findings
from components.policy.permissions import Permission, permissions
from components.policy.split import INLINE, Documents, TooLargeError, spread
from components.settings.findings import Finding, SettingsError, path_of
from components.settings.model import Role, Stack, User

INLINE_NAME: Final = "s3-access"
"""The name of the inline policy."""


@dataclass(frozen=True)
class Layout:
    """The documents of an identity, with the permissions of each.

    If ``packed`` is true, a change may rewrite many of them (see ``components.policy.split``).
    """

    documents: Documents
    restrictions: Restrictions
    packed: bool = False

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """All that the identity may do, over all its documents."""
        return tuple(one for held in self.documents.values() for one in held)

    def document(self, leaf: str, bucket_arns: Mapping[str, str]) -> PolicyDocument:
        """One document, with each bucket's ARN as looked up."""
        return access_document(self.documents[leaf], bucket_arns, self.restrictions)


def policy_name(identity: str, kind: limits.Kind, leaf: str) -> str:
    """The name in IAM of one document of an identity's layout.

    It contains the kind, since a user and a role may have the same name, but two managed
    policies may not.
    """
    return INLINE_NAME if leaf == INLINE else f"{identity}-{kind}-{INLINE_NAME}-{leaf}"


def lay_out(identity: User | Role, partition: str) -> Layout:
    """Lay out one identity's grants over inline and managed policies.

    Raises:
        TooLargeError: The grants do not fit into the policies that an identity may have.
    """
    arns = {grant.bucket: bucket_arn(partition, grant.bucket) for grant in identity.grants}
    restrictions = Restrictions(identity.require_tls, identity.source_ips)
    documents, packed = spread(
        identity.KIND,
        permissions(identity.grants),
        lambda some: size(access_document(some, arns, restrictions)),
    )
    return Layout(documents, restrictions, packed)


def layouts(stack: str, settings: Stack, partition: str | None) -> dict[str, Layout]:
    """Lay out the policies of every identity of a stack.

    Args:
        stack: The name of the stack, for the message.
        settings: The settings of the stack.
        partition: The partition of the stack, or None if it is not known. Sizes are then
            computed with the longest name, and partitions are not checked.

    Raises:
        SettingsError: With every finding.
    """
    assumed = partition or LONGEST
    laid_out: dict[str, Layout] = {}
    findings: list[Finding] = []
    for name, identity in settings.identities.items():
        path = path_of(("identities", name))
        if partition is not None:
            for index, grant in enumerate(identity.grants):
                findings += key_findings(f"{path}.grants[{index}]", grant, partition)
        if isinstance(identity, Role):
            findings += trust_findings(path, identity, assumed, is_known=partition is not None)
        try:
            laid_out[name] = lay_out(identity, assumed)
        except TooLargeError as error:
            findings.append(size_finding(path, identity, error, assumed))
    if findings:
        raise SettingsError(stack, findings)
    return laid_out


def documents_of(
    stack: str, name: str, identity: User | Role, partition: str
) -> Mapping[str, PolicyDocument]:
    """An identity's documents by the names that its policies will have.

    Raises:
        SettingsError: With everything that IAM would refuse.
    """
    alone = Stack.model_construct(identities={name: identity})
    return named_documents(name, identity, layouts(stack, alone, partition)[name], partition)


def named_documents(
    name: str, identity: User | Role, layout: Layout, partition: str
) -> Mapping[str, PolicyDocument]:
    """The documents of an identity's layout by the names that its policies will have."""
    arns = {grant.bucket: bucket_arn(partition, grant.bucket) for grant in identity.grants}
    return {
        policy_name(name, identity.KIND, leaf): layout.document(leaf, arns)
        for leaf in layout.documents
    }
