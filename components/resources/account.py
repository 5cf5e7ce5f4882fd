"""The parts of an account that identities depend on: buckets and OIDC providers."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.aws.partitions import DNS_SUFFIXES, partition_of_arn
from components.circleci.subject import issuer
from components.policy.findings import key_findings
from components.policy.trust import provider_arn
from components.resources.lookups import Lookup, once_found
from components.resources.place import Place, look_up_place
from components.settings import Finding, Grant, Role, Stack
from components.settings.findings import path_of

_NOT_THERE: Final = re.compile(r"not.?found|no such|couldn't find|empty result", re.IGNORECASE)


class Account(pulumi.ComponentResource):
    """Looks up what the identities need, and creates the OIDC providers if configured.

    Each bucket and provider is looked up once, before anything is created. If some are
    missing, one message lists all of them, and no identity is created or changed.
    """

    bucket_arns: pulumi.Output[dict[str, str]]
    """The ARN of each bucket in the stack's grants, by name."""
    provider_arns: Mapping[str, pulumi.Output[str]]
    """The ARN of the OIDC provider of each trusted CircleCI organization, by organization id."""

    def __init__(
        self, name: str, settings: Stack, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Look up the buckets; look up the providers or create them, as ``settings`` say."""
        super().__init__("circleci-s3-access:index:Account", name, None, opts)
        self._settings = settings
        organizations = _organizations(settings)
        creates = settings.oidc_provider == "create"
        buckets = self._buckets()
        existing = {} if creates else self._existing(organizations)
        # The first part keeps the keys apart: an organization's id may also be a bucket name.
        found = once_found(
            {("bucket", name): lookup for name, lookup in buckets.items()}
            | {("provider", name): lookup for name, lookup in existing.items()}
            | {("place", ""): look_up_place(self)}
        )
        self.bucket_arns = found.apply(
            lambda answers: {name: answers["bucket", name].arn for name in buckets}
        )
        place = found.apply(lambda answers: answers["place", ""])
        self.provider_arns = {
            one: self._create(one, place) if creates else _provider_arn(found, one)
            for one in organizations
        }
        self.register_outputs({"buckets": self.bucket_arns})

    def _buckets(self) -> dict[str, Lookup]:
        """One look-up for each bucket, also if several grants have it."""
        grants: defaultdict[str, list[tuple[str, Grant]]] = defaultdict(list)
        for name, identity in self._settings.identities.items():
            for index, grant in enumerate(identity.grants):
                path = path_of(("identities", name, "grants", index))
                grants[grant.bucket].append((path, grant))
        return {bucket: self._bucket(bucket, of_bucket) for bucket, of_bucket in grants.items()}

    def _bucket(self, bucket: str, grants: list[tuple[str, Grant]]) -> Lookup:
        path = f"{grants[0][0]}.bucket"

        def missing(words: str) -> Finding:
            return Finding(
                path, f"'{bucket}' does not exist, or the credentials can't see it: {words}"
            )

        def findings(answer: aws.s3.GetBucketResult) -> Iterator[Finding]:
            partition = answer.arn.split(":")[1]
            if partition not in DNS_SUFFIXES:
                yield Finding(
                    path, f"'{bucket}' is in the partition {partition}, which is not supported"
                )
            for where, grant in grants:
                yield from key_findings(where, grant, partition)

        output = aws.s3.get_bucket_output(
            bucket=bucket, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        return Lookup(output, missing, findings)

    def _existing(self, organizations: list[str]) -> dict[str, Lookup]:
        return {
            one: Lookup(
                aws.iam.get_open_id_connect_provider_output(
                    url=f"https://{issuer(one)}", opts=pulumi.InvokeOutputOptions(parent=self)
                ),
                partial(_provider_missing, one),
                partial(_provider_findings, one),
            )
            for one in organizations
        }

    def _create(self, organization: str, place: pulumi.Output[Place]) -> pulumi.Output[str]:
        """Create a provider. Its ARN is computed, so a preview can show the trust policy."""
        # No thumbprints: AWS checks the issuer against the CAs that it trusts
        # (aws/aws-sdk#563), and a list that is set once is hard to remove.
        provider = aws.iam.OpenIdConnectProvider(
            f"circleci-{organization}",
            # Waits for the look-ups: nothing is created if one fails.
            url=self.bucket_arns.apply(lambda _: f"https://{issuer(organization)}"),
            client_id_lists=[organization],
            tags=self._settings.tags,
            # Roles of other stacks may depend on it.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        # The URL is not used; it makes users of the ARN wait for the provider.
        expected = pulumi.Output.all(place, provider.url).apply(
            lambda known: provider_arn(
                partition_of_arn(known[0].arn), known[0].account, organization
            )
        )
        if pulumi.runtime.is_dry_run():
            return expected
        return pulumi.Output.all(expected, provider.arn).apply(lambda arns: _as_expected(*arns))


def _as_expected(expected: str, arn: str) -> str:
    """The provider's ARN.

    Raises:
        pulumi.RunError: The ARN differs from the computed one, which roles trust.
    """
    if arn != expected:
        raise pulumi.RunError(f"AWS made the OIDC provider {arn}; {expected} was expected")
    return arn


def _organizations(settings: Stack) -> list[str]:
    roles = [one for one in settings.identities.values() if isinstance(one, Role)]
    return sorted({role.trust.organization for role in roles})


def _provider_arn(
    found: pulumi.Output[dict[tuple[str, str], Any]], organization: str
) -> pulumi.Output[str]:
    return found.apply(lambda answers: answers["provider", organization].arn)


def _provider_missing(organization: str, words: str) -> Finding:
    if not _NOT_THERE.search(words):
        return Finding(
            "oidcProvider",
            f"'existing': the provider of organization {organization} can't be looked up: {words}",
        )
    return Finding(
        "oidcProvider",
        f"'existing', but this account has no OIDC provider for organization {organization}; "
        f"set circleci-s3-access:oidcProvider to create in exactly one stack of this account "
        f"({words})",
    )


def _provider_findings(organization: str, answer: Any) -> Iterator[Finding]:  # noqa: ANN401 - the SDK's result
    if organization not in answer.client_id_lists:
        audiences = ", ".join(answer.client_id_lists) or "none"
        yield Finding(
            "oidcProvider",
            f"'existing': the provider of organization {organization} allows the audience "
            f"{audiences}; CircleCI's tokens carry the organization's id, so add it to the "
            "provider",
        )
