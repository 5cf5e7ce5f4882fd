"""The identities of CircleCI jobs: users with access keys, and roles assumed through OIDC."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pulumi
import pulumi_aws as aws

from components.aws import limits
from components.iam.document import to_json
from components.policy.circleci_job import job_config
from components.policy.layout import Layout, policy_name
from components.policy.split import INLINE, depth, takers
from components.policy.trust import description, trust_document
from components.settings.model import Delivery, Role, User

_Settings = TypeVar("_Settings", User, Role)
_Policy = (
    aws.iam.UserPolicy
    | aws.iam.RolePolicy
    | aws.iam.UserPolicyAttachment
    | aws.iam.RolePolicyAttachment
)
"""What gives a policy to an identity."""


@dataclass(frozen=True)
class IdentityArgs(Generic[_Settings]):
    """The name in IAM of an identity, its settings and policy layout, and what it shares.

    ``bucket_arns`` contains at least the buckets of its grants, by name. Nothing is created before
    ``found`` is known. With ``exclusive``, policies that the stack doesn't make are taken away.
    """

    name: str
    settings: _Settings
    layout: Layout
    stack_tags: Mapping[str, str]
    bucket_arns: pulumi.Output[dict[str, str]]
    found: pulumi.Output[Any]
    exclusive: bool = False

    @property
    def tags(self) -> dict[str, str]:
        """The stack's tags and the identity's own. The identity's own take precedence."""
        return {**self.stack_tags, **self.settings.tags}

    @property
    def name_once_found(self) -> pulumi.Output[str]:
        return self.found.apply(lambda _: self.name)


class IdentityComponent(pulumi.ComponentResource):
    """The component of a user or role."""

    def __init__(
        self, kind: limits.Kind, name: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the component. Its type is part of URNs: changing it replaces resources."""
        super().__init__(f"circleci-s3-access:index:{kind.title()}", name, None, opts)


class Identity(Generic[_Settings]):
    """The IAM resources of a user or role, directly beneath its component."""

    kind: limits.Kind
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    buckets: pulumi.Output[list[str]]
    """ARNs of the buckets that are granted."""

    def __init__(
        self, component: pulumi.ComponentResource, name: str, args: IdentityArgs[_Settings]
    ) -> None:
        """``name`` is the component's; the names of the resources begin with it."""
        self._component = component
        self._name = name
        self._args: IdentityArgs[_Settings] = args
        granted = {grant.bucket for grant in args.settings.grants}
        self.buckets = args.bucket_arns.apply(
            lambda arns: sorted(arns[bucket] for bucket in granted)
        )

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """The stack outputs of this identity."""
        return {
            "kind": self.kind,
            "name": self.name,
            "arn": self.arn,
            "buckets": self.buckets,
        }

    def _give_access(self, identity: aws.iam.User | aws.iam.Role) -> None:
        """Create one policy for each document of the layout.

        No permission is missing while permissions move: the policies that take over are
        created and attached before the other policy is rewritten, and Pulumi deletes
        policies last.
        """
        self.name, self.arn = identity.name, identity.arn
        attached: dict[str, _Policy] = {}
        for leaf in sorted(self._args.layout.documents, key=depth, reverse=True):
            first: list[pulumi.Resource] = [attached[taker] for taker in takers(leaf, attached)]
            make = self._inline if leaf == INLINE else self._managed
            attached[leaf] = make(leaf, identity, first)
        if self._args.exclusive:
            self._take_away_others(identity, attached.values())
        # This output waits for the look-ups. If they fail, Pulumi shows the error of the last
        # registration, so it must be this one, which has the clear message (`once_found`).
        self._component.register_outputs({"arn": self.arn})

    def _document(self, leaf: str) -> pulumi.Output[str]:
        layout = self._args.layout
        return self._args.bucket_arns.apply(lambda arns: to_json(layout.document(leaf, arns)))

    def _replaced_in_place(self, first: list[pulumi.Resource]) -> pulumi.ResourceOptions:
        # The new one has the name of the old one, so both can't exist. If a run is interrupted
        # after the old one is deleted with its role or policy, the next run would otherwise
        # create the new one and then delete it, by the same name.
        return pulumi.ResourceOptions(
            parent=self._component, depends_on=first, delete_before_replace=True
        )

    def _take_away_others(
        self, identity: aws.iam.User | aws.iam.Role, own: Iterable[_Policy]
    ) -> None:
        """Take away all policies but the identity's own, once it has these."""
        own = list(own)
        inline, attached = f"{self._name}-only-inline", f"{self._name}-only-attached"
        names, arns = [], []
        for policy in own:
            if isinstance(policy, aws.iam.UserPolicy | aws.iam.RolePolicy):
                names.append(policy.name)
            else:
                arns.append(policy.policy_arn)
        opts = self._replaced_in_place([*own])
        if isinstance(identity, aws.iam.User):
            aws.iam.UserPoliciesExclusive(
                inline, user_name=identity.name, policy_names=names, opts=opts
            )
            aws.iam.UserPolicyAttachmentsExclusive(
                attached, user_name=identity.name, policy_arns=arns, opts=opts
            )
        else:
            aws.iam.RolePoliciesExclusive(
                inline, role_name=identity.name, policy_names=names, opts=opts
            )
            aws.iam.RolePolicyAttachmentsExclusive(
                attached, role_name=identity.name, policy_arns=arns, opts=opts
            )

    def _inline(
        self, leaf: str, identity: aws.iam.User | aws.iam.Role, first: list[pulumi.Resource]
    ) -> _Policy:
        name = f"{self._name}-inline"
        policy, document = policy_name(self._args.name, self.kind, leaf), self._document(leaf)
        opts = self._replaced_in_place(first)
        if isinstance(identity, aws.iam.User):
            return aws.iam.UserPolicy(
                name, name=policy, user=identity.name, policy=document, opts=opts
            )
        return aws.iam.RolePolicy(name, name=policy, role=identity.name, policy=document, opts=opts)

    def _managed(
        self, leaf: str, identity: aws.iam.User | aws.iam.Role, first: list[pulumi.Resource]
    ) -> _Policy:
        policy = aws.iam.Policy(
            f"{self._name}-managed-{leaf}",
            name=policy_name(self._args.name, self.kind, leaf),
            path=self._args.settings.path,
            description=f"S3 access of {self._args.name}, part {leaf}",
            policy=self._document(leaf),
            tags=self._args.tags,
            opts=self._replaced_in_place(first),
        )
        name, arn = f"{self._name}-attached-{leaf}", policy.arn
        opts = self._replaced_in_place([])
        if isinstance(identity, aws.iam.User):
            return aws.iam.UserPolicyAttachment(name, user=identity.name, policy_arn=arn, opts=opts)
        return aws.iam.RolePolicyAttachment(name, role=identity.name, policy_arn=arn, opts=opts)


class UserResources(Identity[User]):
    """An IAM user, its policies, and one access key for each label.

    A new label creates a key, and removing a label deletes its key. Other keys do not
    change. To rotate a key, add a label, move the jobs, and remove the old label.
    """

    kind = "user"
    current_key: aws.iam.AccessKey | None = None
    """The access key of the last label that is active."""

    def __init__(
        self, component: pulumi.ComponentResource, name: str, args: IdentityArgs[User]
    ) -> None:
        super().__init__(component, name, args)
        settings = args.settings
        user = aws.iam.User(
            f"{name}-user",
            name=args.name_once_found,
            path=settings.path,
            permissions_boundary=settings.permissions_boundary,
            tags=args.tags,
            # Or a policy that somebody added would keep it from being deleted.
            force_destroy=args.exclusive or None,
            opts=pulumi.ResourceOptions(parent=self._component),
        )
        for one in settings.access_keys:
            key = aws.iam.AccessKey(
                f"{name}-key-{one.label}",
                user=user.name,
                status=None if one.active else "Inactive",
                opts=pulumi.ResourceOptions(
                    parent=self._component,
                    # The provider marks these as secret too; this makes it explicit.
                    additional_secret_outputs=["secret", "sesSmtpPasswordV4"],
                ),
            )
            if one.label == settings.current_label:
                self.current_key = key
        if self.current_key is not None:
            for place in settings.deliver:
                self._deliver(place, self.current_key)
        self._give_access(user)

    def _deliver(self, place: Delivery, key: aws.iam.AccessKey) -> None:
        """Write the current key to a place in AWS; the rollout writes to CircleCI's contexts."""
        names = place.variables
        pair = {names.access_key_id: key.id, names.secret_access_key: key.secret}
        text: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(pair))
        opts = pulumi.ResourceOptions(parent=self._component)
        if place.ssm_parameter is not None:
            aws.ssm.Parameter(
                f"{self._name}-parameter-{place.ssm_parameter}",
                name=place.ssm_parameter,
                type="SecureString",
                key_id=place.kms_key,
                value=text,
                tags=self._args.tags,
                opts=opts,
            )
        elif place.secrets_manager is not None:
            secret = aws.secretsmanager.Secret(
                f"{self._name}-secret-{place.secrets_manager}",
                name=place.secrets_manager,
                kms_key_id=place.kms_key,
                tags=self._args.tags,
                opts=opts,
            )
            aws.secretsmanager.SecretVersion(
                f"{self._name}-secret-{place.secrets_manager}-current",
                secret_id=secret.id,
                secret_string=text,
                opts=opts,
            )

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """The stack outputs, with the current access key. The secret key is a Pulumi secret."""
        if self.current_key is None:
            return super().outputs()
        secret: pulumi.Output[str] = pulumi.Output.secret(self.current_key.secret)
        return {
            **super().outputs(),
            "accessKeyId": self.current_key.id,
            "secretAccessKey": secret,
        }


class RoleResources(Identity[Role]):
    """An IAM role that CircleCI jobs assume through OIDC, and its policies."""

    kind = "role"
    job: pulumi.Output[str]
    """A CircleCI config with a job that assumes the role."""

    def __init__(
        self,
        component: pulumi.ComponentResource,
        name: str,
        args: IdentityArgs[Role],
        provider_arn: pulumi.Input[str],
        region: pulumi.Input[str],
    ) -> None:
        """Create the role.

        Args:
            component: The parent of the resources.
            name: The name of the component.
            args: The name in IAM, settings, layout and bucket ARNs.
            provider_arn: The OIDC provider of the trusted CircleCI organization.
            region: The region in which its jobs call AWS.
        """
        super().__init__(component, name, args)
        settings = args.settings
        trust, provider = settings.trust, pulumi.Output.from_input(provider_arn)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.name_once_found,
            path=settings.path,
            description=provider.apply(lambda _: description(trust)),
            assume_role_policy=provider.apply(lambda arn: to_json(trust_document(trust, arn))),
            max_session_duration=settings.max_session_seconds,
            permissions_boundary=settings.permissions_boundary,
            tags=args.tags,
            force_detach_policies=args.exclusive or None,  # as of a user
            # A new path replaces the role, and the old role still has the name.
            opts=pulumi.ResourceOptions(parent=self._component, delete_before_replace=True),
        )
        self.job = pulumi.Output.all(role.arn, region).apply(
            lambda known: job_config(
                args.name, known[0], known[1], args.layout.permissions, settings.max_session_seconds
            )
        )
        self._give_access(role)

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        """The stack outputs, with a CircleCI config that assumes the role."""
        return {**super().outputs(), "circleciConfig": self.job}
