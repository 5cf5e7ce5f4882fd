"""The Pulumi program: makes one stack's identities, as its config says."""

import pulumi
import pulumi_aws as aws

from components.resources import (
    Account,
    IdentityArgs,
    IdentityComponent,
    RoleResources,
    UserResources,
)
from components.resources.program_config import read
from components.resources.stack_traces import short_stack_traces
from components.settings import Role


def main() -> None:
    """Read the config, make a component for each identity, export what was made."""
    settings, layouts, configured_region = read()
    account = Account("account", settings)
    region = configured_region or aws.get_region_output().region
    given = (settings.tags, account.bucket_arns, account.bucket_arns)
    made: dict[str, UserResources | RoleResources] = {}
    for name, identity in settings.identities.items():
        component = IdentityComponent(identity.KIND, name)
        rest = (layouts[name], *given, settings.is_exclusive(name))
        if isinstance(identity, Role):
            provider = account.provider_arns[identity.trust.organization]
            role = IdentityArgs(name, identity, *rest)
            made[name] = RoleResources(component, name, role, provider, region)
        else:
            made[name] = UserResources(component, name, IdentityArgs(name, identity, *rest))
    pulumi.export("identities", {name: identity.outputs() for name, identity in made.items()})


with short_stack_traces():
    main()
