"""The Pulumi program: makes one stack's identities, as its config wishes."""

import pulumi
import pulumi_aws as aws

from components.resources import IdentityArgs, Organization, RoleIdentity, UserIdentity
from components.resources.program_config import ProgramConfig, read
from components.settings import Role


def main() -> None:
    """Read the config, make a component for each identity, export what was made."""
    config = read()
    organizations = _organizations(config)
    region = config.region or aws.get_region_output().region
    tags = config.settings.tags
    made: dict[str, UserIdentity | RoleIdentity] = {}
    for name, settings in config.settings.identities.items():
        plan = config.plans[name]
        if isinstance(settings, Role):
            provider = organizations[settings.trust.organization].provider_arn
            made[name] = RoleIdentity(name, IdentityArgs(settings, plan, tags), provider, region)
        else:
            made[name] = UserIdentity(name, IdentityArgs(settings, plan, tags))
    pulumi.export("identities", {name: identity.outputs() for name, identity in made.items()})


def _organizations(config: ProgramConfig) -> dict[str, Organization]:
    """Each CircleCI organization that a role of the stack trusts."""
    ids = {
        identity.trust.organization
        for identity in config.settings.identities.values()
        if isinstance(identity, Role)
    }
    mode = config.settings.oidc_provider
    return {one: Organization(f"circleci-{one}", one, mode) for one in sorted(ids)}


main()
