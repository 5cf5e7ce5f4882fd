"""From a component's properties to the arguments of its resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi
import pulumi_aws as aws
from pulumi.output import UNKNOWN

from components.aws import limits
from components.aws.partitions import bucket_arn, partition_of_region
from components.resources import IdentityArgs
from components.resources.account import bucket_lookups, provider_lookup
from components.resources.lookups import Lookup, look_up
from components.settings import Role
from components.settings.findings import path_of
from plugin.reading import PROVIDER, CheckedIdentity, check_identity, wrong

_NO_PROVIDER: Final = {
    "path": PROVIDER,
    "setting": "not set",
    "create": f"create one (aws.iam.OpenIdConnectProvider), and pass its ARN as {PROVIDER}",
}


@dataclass(frozen=True)
class Arguments:
    """What the resources of an identity are made from. A user has no provider."""

    identity: IdentityArgs[Any]
    provider_arn: pulumi.Output[str]
    region: str


async def arguments(
    component: pulumi.ComponentResource,
    kind: limits.Kind,
    name: str,
    properties: Mapping[str, pulumi.Input[Any]],
) -> Arguments:
    """Check the properties of an identity, and look up its buckets and its provider.

    Raises:
        InputPropertiesError: With every finding, before anything is created.
    """
    given = pulumi.Output.all(**properties)
    values = await given.future(with_unknowns=True) or {}
    own = pulumi.InvokeOutputOptions(parent=component)
    region = cast("aws.GetRegionResult", await aws.get_region_output(opts=own).future()).region
    partition = partition_of_region(region)
    iam_name = values.get("name", name)
    if not isinstance(iam_name, str):  # not known yet
        iam_name = name
    checked = check_identity(kind, iam_name, values, partition)
    _tell(component, checked)
    # A preview can't look up what the same program creates.
    is_early = pulumi.runtime.is_dry_run() and bool(await given.resources())
    lookups = {} if is_early else _lookups(component, iam_name, checked, values)
    found, findings = await look_up(lookups)
    if findings:
        raise wrong(iam_name, findings)
    arns = {
        grant.bucket: found[grant.bucket].arn if found else bucket_arn(partition, grant.bucket)
        for grant in checked.settings.grants
    }

    def once_known(value: Any) -> pulumi.Output[Any]:  # noqa: ANN401 - any value of an output
        if checked.unknown:
            return pulumi.Output.from_input(value if checked.has_documents else UNKNOWN)
        return given.apply(lambda _: value)

    return Arguments(
        IdentityArgs(
            iam_name,
            checked.settings,
            checked.layout,
            {},
            once_known(arns),
            pulumi.Output.from_input(properties.get("name", name)),
            exclusive=bool(checked.settings.exclusive),
        ),
        once_known(found[PROVIDER].arn if PROVIDER in found else properties.get(PROVIDER, UNKNOWN)),
        region,
    )


def _tell(component: pulumi.ComponentResource, checked: CheckedIdentity) -> None:
    for warning in checked.warnings:
        pulumi.log.warn(warning, component)
    if checked.unknown:
        pulumi.log.info(
            f"not known in this preview: {', '.join(checked.unknown)}. `up` checks these, and the "
            "sizes of the policies.",
            component,
        )


def _lookups(
    component: pulumi.ComponentResource,
    name: str,
    checked: CheckedIdentity,
    values: Mapping[str, Any],
) -> dict[str, Lookup]:
    """The look-ups of the buckets by name, and of the provider if a role's is not given."""
    grants = enumerate(checked.settings.grants)
    paths = ((path_of(("identities", name, "grants", index)), grant) for index, grant in grants)
    lookups = bucket_lookups(component, paths)
    if isinstance(checked.settings, Role) and PROVIDER not in values:
        organization = checked.settings.trust.organization
        lookups[PROVIDER] = provider_lookup(component, organization, **_NO_PROVIDER)
    return lookups
