"""What an account holds for a stack's identities: its buckets, and its OIDC providers."""

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
    """Looks up what a stack's identities need, and makes the OIDC providers if it is told to.

    Everything is looked up once, whatever asks for it, and before anything is
    made: where something is missing, one message names all that is, and no
    identity is made or changed.
    """

    bucket_arns: pulumi.Output[dict[str, str]]
    """ARNs of all buckets that the stack grants, by name."""
    provider_arns: Mapping[str, pulumi.Output[str]]
    """ARN of the OIDC provider of each CircleCI organization that a role trusts, by its id."""

    def __init__(
        self, name: str, settings: Stack, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Look up what ``settings`` name; make the providers where they say so."""
        super().__init__("circleci-s3-access:index:Account", name, None, opts)
        self._settings = settings
        organizations = _organizations(settings)
        creates = settings.oidc_provider == "create"
        buckets = self._buckets()
        existing = {} if creates else self._existing(organizations)
        # Keys that can't meet: an organization's id may be a bucket's name too.
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
        """A look-up of each bucket, whatever grants name it."""
        grants: defaultdict[str, list[tuple[str, Grant]]] = defaultdict(list)
        for name, identity in self._settings.identities.items():
            for index, grant in enumerate(identity.grants):
                path = path_of(("identities", name, "grants", index))
                grants[grant.bucket].append((path, grant))
        return {bucket: self._bucket(bucket, of_bucket) for bucket, of_bucket in grants.items()}

    def _bucket(self, bucket: str, grants: list[tuple[str, Grant]]) -> Lookup:
        path = f"{grants[0][0]}.bucket"

        def missing(words: str) -> Finding:
            return Finding(path, f"'{bucket}' is not there, or not to be seen: {words}")

        def findings(answer: aws.s3.GetBucketResult) -> Iterator[Finding]:
            partition = answer.arn.split(":")[1]
            if partition not in DNS_SUFFIXES:
                yield Finding(path, f"'{bucket}' is in the partition {partition}, not known here")
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
        """Make a provider; its ARN is known in a preview too, so that trust is."""
        # No thumbprints: AWS checks the issuer against the CAs that it trusts
        # (aws/aws-sdk#563), and a list once set is hard to be rid of.
        provider = aws.iam.OpenIdConnectProvider(
            f"circleci-{organization}",
            # Waits for the buckets: nothing is made where one is missing.
            url=self.bucket_arns.apply(lambda _: f"https://{issuer(organization)}"),
            client_id_lists=[organization],
            tags=self._settings.tags,
            # Roles of other stacks may trust it, which this stack can't see.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        # Of the URL only that it is the provider's: who uses the ARN waits for the provider.
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
        pulumi.RunError: it is not what a preview says, and roles trust.
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
            f"'existing': the provider of organization {organization} takes the audience "
            f"{audiences}; CircleCI's tokens have the organization's id, so add that to it",
        )
