"""A user's access keys, one to a label."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.resources import tokens


class AccessKeys(pulumi.ComponentResource):
    """Access keys by label, the last label's being the current one.

    A new label makes a key beside the old one, a label taken away deletes its
    key, and no other key changes: to rotate is to add a label, move the jobs over
    and take the old label away.
    """

    key_id: pulumi.Output[str]
    """Id of the current key."""
    secret: pulumi.Output[str]
    """Secret of the current key; a Pulumi secret wherever it goes."""

    def __init__(
        self,
        name: str,
        user: pulumi.Input[str],
        labels: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make a key for each label, of which there is at least one."""
        super().__init__(tokens.ACCESS_KEYS, name, None, opts)
        keys = [
            aws.iam.AccessKey(
                f"{name}-{label}",
                user=user,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # The provider marks them too; whoever reads this sees it here.
                    additional_secret_outputs=["secret", "sesSmtpPasswordV4"],
                ),
            )
            for label in labels
        ]
        self.key_id = keys[-1].id
        self.secret = pulumi.Output.secret(keys[-1].secret)
        self.register_outputs({"keyId": self.key_id, "secret": self.secret})
