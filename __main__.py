"""The Pulumi program: makes one stack's identities, as its config wishes."""

import pulumi
import pulumi_aws as aws

from components.resources import Account, IdentityArgs, RoleIdentity, UserIdentity
from components.resources.program_config import read
from components.settings import Role


def main() -> None:
    """Read the config, make a component for each identity, export what was made."""
    config = read()
    account = Account("account", config.settings)
    region = config.region or aws.get_region_output().region
    given = (config.settings.tags, account.bucket_arns)
    made: dict[str, UserIdentity | RoleIdentity] = {}
    for name, settings in config.settings.identities.items():
        plan = config.plans[name]
        if isinstance(settings, Role):
            provider = account.provider_arns[settings.trust.organization]
            made[name] = RoleIdentity(name, IdentityArgs(settings, plan, *given), provider, region)
        else:
            made[name] = UserIdentity(name, IdentityArgs(settings, plan, *given))
    pulumi.export("identities", {name: identity.outputs() for name, identity in made.items()})


main()
