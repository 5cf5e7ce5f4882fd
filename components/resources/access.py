"""An identity's policies: inline, and managed ones where inline is too small."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws import limits
from components.policy.document import to_json
from components.policy.plan import Plan, policy_name
from components.policy.split import INLINE, depth, takers
from components.resources import tokens


@dataclass(frozen=True)
class AccessArgs:
    """Whose access it is, and what it holds.

    ``identity`` is the user or role that was made, ``name`` its name in IAM.
    """

    name: str
    identity: aws.iam.User | aws.iam.Role
    plan: Plan
    bucket_arns: pulumi.Output[dict[str, str]]
    path: str
    tags: Mapping[str, str]

    @property
    def kind(self) -> limits.Kind:
        """What ``identity`` is."""
        return "user" if isinstance(self.identity, aws.iam.User) else "role"


class Access(pulumi.ComponentResource):
    """The policies of one identity, made so that none of its permissions is ever missing.

    A permission that moves to another document is allowed there first: policies
    that take over are made and attached before the one that gives up is
    rewritten, and Pulumi deletes what is no longer wished for last.
    """

    def __init__(
        self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Make the policies that ``args.plan`` lays out."""
        super().__init__(tokens.ACCESS, name, None, opts)
        self._name = name
        self._args = args
        documents = args.plan.layout.documents
        attached: dict[str, pulumi.Resource] = {}
        for leaf in sorted(documents, key=depth, reverse=True):
            first = [attached[taker] for taker in takers(leaf, attached)]
            make = self._inline if leaf == INLINE else self._managed
            attached[leaf] = make(leaf, first)
        self.register_outputs({})

    def _document(self, leaf: str) -> pulumi.Output[str]:
        plan = self._args.plan
        return self._args.bucket_arns.apply(lambda arns: to_json(plan.document(leaf, arns)))

    def _policy_name(self, leaf: str) -> str:
        return policy_name(self._args.name, self._args.kind, leaf)

    def _inline(self, leaf: str, first: list[pulumi.Resource]) -> pulumi.Resource:
        name = f"{self._name}-inline"
        document = self._document(leaf)
        opts = pulumi.ResourceOptions(parent=self, depends_on=first)
        identity = self._args.identity
        if isinstance(identity, aws.iam.User):
            return aws.iam.UserPolicy(
                name, name=self._policy_name(leaf), user=identity.name, policy=document, opts=opts
            )
        return aws.iam.RolePolicy(
            name, name=self._policy_name(leaf), role=identity.name, policy=document, opts=opts
        )

    def _managed(self, leaf: str, first: list[pulumi.Resource]) -> pulumi.Resource:
        policy = aws.iam.Policy(
            f"{self._name}-managed-{leaf}",
            name=self._policy_name(leaf),
            path=self._args.path,
            description=f"S3 access of {self._args.name}, part {leaf}",
            policy=self._document(leaf),
            tags=self._args.tags,
            # Its name is its own, so that a new one can't stand beside the old.
            opts=pulumi.ResourceOptions(parent=self, depends_on=first, delete_before_replace=True),
        )
        name = f"{self._name}-attached-{leaf}"
        opts = pulumi.ResourceOptions(parent=self)
        identity = self._args.identity
        if isinstance(identity, aws.iam.User):
            return aws.iam.UserPolicyAttachment(
                name, user=identity.name, policy_arn=policy.arn, opts=opts
            )
        return aws.iam.RolePolicyAttachment(
            name, role=identity.name, policy_arn=policy.arn, opts=opts
        )
