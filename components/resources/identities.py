"""The identities that CircleCI jobs use: a user with keys, or a role assumed through OIDC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import pulumi
import pulumi_aws as aws

from components.aws import limits
from components.iam.document import to_json
from components.policy.circleci_job import job_config
from components.policy.layout import Layout, policy_name
from components.policy.split import INLINE, depth, takers
from components.policy.trust import description, trust_document
from components.settings.model import Role, User

_Settings = TypeVar("_Settings", User, Role)


@dataclass(frozen=True)
class IdentityArgs(Generic[_Settings]):
    """An identity's settings and layout, and what its stack and account give to it.

    ``bucket_arns`` holds at least the buckets that it is granted, by name.
    """

    settings: _Settings
    layout: Layout
    stack_tags: Mapping[str, str]
    bucket_arns: pulumi.Output[dict[str, str]]

    @property
    def tags(self) -> dict[str, str]:
        """The stack's tags and the identity's own, which win."""
        return {**self.stack_tags, **self.settings.tags}

    def name_once_found(self, name: str) -> pulumi.Output[str]:
        """The identity's name, once its buckets are found: without them it would get no policy."""
        return self.bucket_arns.apply(lambda _: name)


class _Identity(pulumi.ComponentResource, Generic[_Settings]):
    """What users and roles have in common: outputs and policies."""

    kind: limits.Kind
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    buckets: pulumi.Output[list[str]]
    """ARNs of the buckets that are granted."""

    def __init__(
        self,
        token: str,
        name: str,
        args: IdentityArgs[_Settings],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        """Register the component; ``name`` is also the identity's name in IAM.

        ``token`` is its type. It is part of every URN: renaming one replaces resources.
        """
        super().__init__(token, name, None, opts)
        self._iam_name = name
        self._args: IdentityArgs[_Settings] = args
        granted = {grant.bucket for grant in args.settings.grants}
        self.buckets = args.bucket_arns.apply(
            lambda arns: sorted(arns[bucket] for bucket in granted)
        )

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What a stack exports of this identity."""
        return {
            "kind": self.kind,
            "name": self.name,
            "arn": self.arn,
            "buckets": self.buckets,
        }

    def _give_access(self, identity: aws.iam.User | aws.iam.Role) -> None:
        """Make one policy for each document of the layout.

        No permission is ever missing: one that moves to another document is allowed there
        first. Policies that take over are made and attached before the one that gives up is
        rewritten, and Pulumi deletes last what is no longer wanted.
        """
        self.name, self.arn = identity.name, identity.arn
        attached: dict[str, pulumi.Resource] = {}
        for leaf in sorted(self._args.layout.documents, key=depth, reverse=True):
            first = [attached[taker] for taker in takers(leaf, attached)]
            make = self._inline if leaf == INLINE else self._managed
            attached[leaf] = make(leaf, identity, first)
        # An output that waits for the look-ups: where they fail, Pulumi tells the failure of
        # the last registration, and this one's has the plain words (`once_found`).
        self.register_outputs({"arn": self.arn})

    def _document(self, leaf: str) -> pulumi.Output[str]:
        layout = self._args.layout
        return self._args.bucket_arns.apply(lambda arns: to_json(layout.document(leaf, arns)))

    def _replaced_in_place(self, first: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        # A new one can't stand beside the old: its name is its own. And what is replaced with its
        # role or policy is deleted before that; if the run is cut short then, the next one would
        # otherwise create it and delete it again, by the same name.
        return pulumi.ResourceOptions(parent=self, depends_on=first, delete_before_replace=True)

    def _inline(
        self, leaf: str, identity: aws.iam.User | aws.iam.Role, first: list[pulumi.Resource]
    ) -> pulumi.Resource:
        name = f"{self._iam_name}-inline"
        policy, document = policy_name(self._iam_name, self.kind, leaf), self._document(leaf)
        opts = self._replaced_in_place(first)
        if isinstance(identity, aws.iam.User):
            return aws.iam.UserPolicy(
                name, name=policy, user=identity.name, policy=document, opts=opts
            )
        return aws.iam.RolePolicy(name, name=policy, role=identity.name, policy=document, opts=opts)

    def _managed(
        self, leaf: str, identity: aws.iam.User | aws.iam.Role, first: list[pulumi.Resource]
    ) -> pulumi.Resource:
        policy = aws.iam.Policy(
            f"{self._iam_name}-managed-{leaf}",
            name=policy_name(self._iam_name, self.kind, leaf),
            path=self._args.settings.path,
            description=f"S3 access of {self._iam_name}, part {leaf}",
            policy=self._document(leaf),
            tags=self._args.tags,
            opts=self._replaced_in_place(first),
        )
        name, arn = f"{self._iam_name}-attached-{leaf}", policy.arn
        opts = self._replaced_in_place([])
        if isinstance(identity, aws.iam.User):
            return aws.iam.UserPolicyAttachment(name, user=identity.name, policy_arn=arn, opts=opts)
        return aws.iam.RolePolicyAttachment(name, role=identity.name, policy_arn=arn, opts=opts)


class UserIdentity(_Identity[User]):
    """An IAM user, its policies, and an access key for each of its labels.

    A new label makes a key beside the old one, a label taken away deletes its key, and no
    other key changes: to rotate is to add a label, move the jobs over and take the old
    label away.
    """

    kind = "user"
    current_key: aws.iam.AccessKey | None = None
    """The key of the last label."""

    def __init__(
        self, name: str, args: IdentityArgs[User], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Make the user; ``name`` is also its name in IAM."""
        super().__init__("circleci-s3-access:index:User", name, args, opts)
        settings = args.settings
        user = aws.iam.User(
            f"{name}-user",
            name=args.name_once_found(name),
            path=settings.path,
            permissions_boundary=settings.permissions_boundary,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for label in settings.access_keys:
            self.current_key = aws.iam.AccessKey(
                f"{name}-key-{label}",
                user=user.name,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # The provider marks them too; whoever reads this sees it here.
                    additional_secret_outputs=["secret", "sesSmtpPasswordV4"],
                ),
            )
        self._give_access(user)

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What a stack exports: with the current access key, its secret a secret."""
        if self.current_key is None:
            return super().outputs()
        secret: pulumi.Output[str] = pulumi.Output.secret(self.current_key.secret)
        return {
            **super().outputs(),
            "accessKeyId": self.current_key.id,
            "secretAccessKey": secret,
        }


class RoleIdentity(_Identity[Role]):
    """An IAM role that CircleCI jobs assume through OIDC, and its policies."""

    kind = "role"
    job: pulumi.Output[str]
    """A CircleCI config with a job that assumes the role."""

    def __init__(
        self,
        name: str,
        args: IdentityArgs[Role],
        provider_arn: pulumi.Input[str],
        region: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make the role; ``name`` is also its name in IAM.

        Args:
            name: the role's name.
            args: its settings.
            provider_arn: the OIDC provider of the CircleCI organization that it trusts.
            region: where its jobs call AWS.
            opts: the component's options.
        """
        super().__init__("circleci-s3-access:index:Role", name, args, opts)
        settings = args.settings
        trust = settings.trust
        role = aws.iam.Role(
            f"{name}-role",
            name=args.name_once_found(name),
            path=settings.path,
            description=description(trust),
            assume_role_policy=pulumi.Output.from_input(provider_arn).apply(
                lambda arn: to_json(trust_document(trust, arn))
            ),
            max_session_duration=settings.max_session_seconds,
            permissions_boundary=settings.permissions_boundary,
            tags=args.tags,
            # A new path replaces the role, whose name is then still taken.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.job = pulumi.Output.all(role.arn, region).apply(
            lambda known: job_config(
                name, known[0], known[1], args.layout.permissions, settings.max_session_seconds
            )
        )
        self._give_access(role)

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """What a stack exports: with a ready job for CircleCI."""
        return {**super().outputs(), "circleciConfig": self.job}
