"""The same users, policies and look-ups as the program makes, written by hand for one shape."""

import json

import pulumi
import pulumi_aws as aws


class BucketUser(pulumi.ComponentResource):
    """A user that may list, read and write one bucket."""

    def __init__(self, name: str, bucket: str) -> None:
        super().__init__("by-hand:index:User", name)
        opts = pulumi.ResourceOptions(parent=self)
        found = aws.s3.get_bucket_output(
            bucket=bucket, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        user = aws.iam.User(f"{name}-user", name=name, opts=opts)
        policy = found.arn.apply(_policy)
        aws.iam.UserPolicy(
            f"{name}-inline", name="s3-access", user=user.name, policy=policy, opts=opts
        )
        self.arn = user.arn
        self.register_outputs({"arn": self.arn})


def _policy(arn: str) -> str:
    on_objects = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts"]
    statements = [
        {"Effect": "Allow", "Action": [*on_objects, "s3:PutObject"], "Resource": f"{arn}/*"},
        {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": arn},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


users = {
    name: BucketUser(name, bucket)
    for name, bucket in pulumi.Config().require_object("buckets").items()
}
pulumi.export("identities", {name: {"arn": user.arn} for name, user in users.items()})
