"""The policies of one identity: inline, and managed ones where inline is too small."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import limits
from components.iam.document import to_json
from components.policy.plan import Plan, policy_name
from components.policy.split import INLINE, depth, takers


@dataclass(frozen=True)
class Policies:
    """Makes the policies that ``plan`` lays out, as children of ``identity``'s own component.

    No permission is ever missing: one that moves to another document is allowed there
    first. Policies that take over are made and attached before the one that gives up is
    rewritten, and Pulumi deletes last what is no longer wanted.
    """

    name: str
    identity: aws.iam.User | aws.iam.Role
    plan: Plan
    bucket_arns: pulumi.Output[dict[str, str]]
    path: str
    tags: dict[str, str]
    parent: pulumi.Resource

    def make(self) -> None:
        """Make one policy for each document of the plan."""
        documents = self.plan.layout.documents
        attached: dict[str, pulumi.Resource] = {}
        for leaf in sorted(documents, key=depth, reverse=True):
            first = [attached[taker] for taker in takers(leaf, attached)]
            make = self._inline if leaf == INLINE else self._managed
            attached[leaf] = make(leaf, first)

    def _document(self, leaf: str) -> pulumi.Output[str]:
        return self.bucket_arns.apply(lambda arns: to_json(self.plan.document(leaf, arns)))

    def _policy_name(self, leaf: str) -> str:
        kind: limits.Kind = "user" if isinstance(self.identity, aws.iam.User) else "role"
        return policy_name(self.name, kind, leaf)

    def _inline(self, leaf: str, first: list[pulumi.Resource]) -> pulumi.Resource:
        name, policy = f"{self.name}-inline", self._policy_name(leaf)
        document = self._document(leaf)
        opts = pulumi.ResourceOptions(parent=self.parent, depends_on=first)
        if isinstance(self.identity, aws.iam.User):
            user = self.identity.name
            return aws.iam.UserPolicy(name, name=policy, user=user, policy=document, opts=opts)
        role = self.identity.name
        return aws.iam.RolePolicy(name, name=policy, role=role, policy=document, opts=opts)

    def _managed(self, leaf: str, first: list[pulumi.Resource]) -> pulumi.Resource:
        policy = aws.iam.Policy(
            f"{self.name}-managed-{leaf}",
            name=self._policy_name(leaf),
            path=self.path,
            description=f"S3 access of {self.name}, part {leaf}",
            policy=self._document(leaf),
            tags=self.tags,
            opts=pulumi.ResourceOptions(
                parent=self.parent,
                depends_on=first,
                # Its name is its own, so that a new one can't stand beside the old.
                delete_before_replace=True,
            ),
        )
        name, arn = f"{self.name}-attached-{leaf}", policy.arn
        opts = pulumi.ResourceOptions(parent=self.parent)
        if isinstance(self.identity, aws.iam.User):
            user = self.identity.name
            return aws.iam.UserPolicyAttachment(name, user=user, policy_arn=arn, opts=opts)
        role = self.identity.name
        return aws.iam.RolePolicyAttachment(name, role=role, policy_arn=arn, opts=opts)
