"""A CircleCI organization in an AWS account: its OIDC provider."""

from typing import Literal

import pulumi
import pulumi_aws as aws

from components.circleci.tokens import issuer
from components.resources import tokens
from components.resources.lookups import once_found
from components.settings.findings import Finding


class Organization(pulumi.ComponentResource):
    """The account's OIDC provider for one CircleCI organization, made or looked up.

    An account can have one provider for an issuer, whatever stacks it has: one of
    them makes it, and the others find it.
    """

    provider_arn: pulumi.Output[str]
    """ARN of the provider, which roles name as their principal."""

    def __init__(
        self,
        name: str,
        organization: str,
        oidc_provider: Literal["create", "existing"],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make the provider of ``organization`` (its id), or look it up."""
        super().__init__(tokens.ORGANIZATION, name, None, opts)
        make = self._create if oidc_provider == "create" else self._look_up
        self.provider_arn = make(name, organization)
        self.register_outputs({"providerArn": self.provider_arn})

    def _create(self, name: str, organization: str) -> pulumi.Output[str]:
        # No thumbprints: AWS checks the issuer against the CAs that it trusts
        # (aws/aws-sdk#563), and a list once set is hard to be rid of.
        provider = aws.iam.OpenIdConnectProvider(
            f"{name}-provider",
            url=f"https://{issuer(organization)}",
            client_id_lists=[organization],
            # Roles of other stacks may trust it, which this stack can't see.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        return provider.arn

    def _look_up(self, _name: str, organization: str) -> pulumi.Output[str]:
        lookup = aws.iam.get_open_id_connect_provider_output(
            url=f"https://{issuer(organization)}",
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        found = once_found({organization: lookup}, _missing)
        return found.apply(lambda answers: answers[organization].arn)


def _missing(organization: str, words: str) -> Finding:
    return Finding(
        "oidcProvider",
        f"'existing', but this account has no OIDC provider for organization {organization}; "
        f"set circleci-s3-access:oidcProvider to create in exactly one stack of this account "
        f"({words})",
    )
