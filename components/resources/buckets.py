"""Looking up buckets: their ARNs as AWS gives them."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.resources.lookups import once_found
from components.settings.findings import Finding, path_of
from components.settings.model import Grant


def bucket_arns(
    identity: str, grants: Sequence[Grant], parent: pulumi.Resource
) -> pulumi.Output[dict[str, str]]:
    """The ARNs of the buckets that an identity's grants name, by name.

    The output fails where a bucket is missing, and names every one that is, with
    the identity and the stack.
    """
    lookups = {
        bucket: aws.s3.get_bucket_output(
            bucket=bucket, opts=pulumi.InvokeOutputOptions(parent=parent)
        )
        for bucket in sorted({grant.bucket for grant in grants})
    }

    def explain(bucket: str, words: str) -> Finding:
        first = next(index for index, grant in enumerate(grants) if grant.bucket == bucket)
        path = path_of(("identities", identity, "grants", first, "bucket"))
        return Finding(path, f"'{bucket}' is not there, or not to be seen: {words}")

    return once_found(lookups, explain).apply(
        lambda found: {bucket: result.arn for bucket, result in found.items()}
    )
