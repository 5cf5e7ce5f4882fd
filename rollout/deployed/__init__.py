"""A stack's account, and what an account has in IAM, read with boto3."""
