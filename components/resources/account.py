"""The parts of an account that identities depend on: buckets and OIDC providers."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.aws.partitions import DNS_SUFFIXES, partition_of_arn
from components.circleci.subject import issuer
from components.policy.findings import key_findings
from components.policy.trust import provider_arn
from components.resources.lookups import Lookup, once_found
from components.resources.place import Place, look_up_place
from components.settings import Finding, Grant, Stack
from components.settings.findings import path_of

_NOT_THERE: Final = re.compile(r"not.?found|no such|couldn't find|empty result", re.IGNORECASE)


_EXISTING: Final = {
    "path": "oidcProvider",
    "setting": "'existing'",
    "create": "set circleci-s3-access:oidcProvider to create in exactly one stack of this account",
}


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
        organizations = settings.all_organizations
        creates = settings.oidc_provider == "create"
        buckets = bucket_lookups(self, _grants(settings))
        existing = (
            {}
            if creates
            else {one: provider_lookup(self, one, **_EXISTING) for one in organizations}
        )
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


def bucket_lookups(
    parent: pulumi.Resource, grants: Iterable[tuple[str, Grant]]
) -> dict[str, Lookup]:
    """One look-up for each bucket, also if several grants have it. Each grant has its path."""
    of: defaultdict[str, list[tuple[str, Grant]]] = defaultdict(list)
    for path, grant in grants:
        of[grant.bucket].append((path, grant))
    return {bucket: _bucket_lookup(parent, bucket, of_bucket) for bucket, of_bucket in of.items()}


def _bucket_lookup(parent: pulumi.Resource, bucket: str, grants: list[tuple[str, Grant]]) -> Lookup:
    path = f"{grants[0][0]}.bucket"

    def missing(words: str) -> Finding:
        return Finding(path, f"'{bucket}' does not exist, or the credentials can't see it: {words}")

    def findings(answer: aws.s3.GetBucketResult) -> Iterator[Finding]:
        partition = answer.arn.split(":")[1]
        if partition not in DNS_SUFFIXES:
            yield Finding(
                path, f"'{bucket}' is in the partition {partition}, which is not supported"
            )
        for where, grant in grants:
            yield from key_findings(where, grant, partition)

    output = aws.s3.get_bucket_output(bucket=bucket, opts=pulumi.InvokeOutputOptions(parent=parent))
    return Lookup(output, missing, findings)


def provider_lookup(
    parent: pulumi.Resource, organization: str, *, path: str, setting: str, create: str
) -> Lookup:
    """The look-up of an organization's OIDC provider.

    Its findings are at ``path`` with its ``setting``; ``create`` says how to create a provider.
    """
    output = aws.iam.get_open_id_connect_provider_output(
        url=f"https://{issuer(organization)}", opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    return Lookup(
        output,
        lambda words: Finding(path, f"{setting}{_provider_missing(organization, create, words)}"),
        lambda answer: (
            Finding(path, f"{setting}{message}")
            for message in _audience_missing(organization, answer)
        ),
    )


def _as_expected(expected: str, arn: str) -> str:
    """The provider's ARN.

    Raises:
        pulumi.RunError: The ARN differs from the computed one, which roles trust.
    """
    if arn != expected:
        raise pulumi.RunError(f"AWS made the OIDC provider {arn}; {expected} was expected")
    return arn


def _grants(settings: Stack) -> Iterator[tuple[str, Grant]]:
    for name, identity in settings.identities.items():
        for index, grant in enumerate(identity.grants):
            yield path_of(("identities", name, "grants", index)), grant


def _provider_arn(
    found: pulumi.Output[dict[tuple[str, str], Any]], organization: str
) -> pulumi.Output[str]:
    return found.apply(lambda answers: answers["provider", organization].arn)


def _provider_missing(organization: str, create: str, words: str) -> str:
    if not _NOT_THERE.search(words):
        return f": the provider of organization {organization} can't be looked up: {words}"
    none = f"this account has no OIDC provider for organization {organization}"
    return f", but {none}; {create} ({words})"


def _audience_missing(organization: str, answer: Any) -> Iterator[str]:  # noqa: ANN401 - the SDK's result
    if organization not in answer.client_id_lists:
        audiences = ", ".join(answer.client_id_lists) or "none"
        yield (
            f": the provider of organization {organization} allows the audience {audiences}; "
            "CircleCI's tokens carry the organization's id, so add it to the provider"
        )
