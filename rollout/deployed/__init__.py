"""What an account has in IAM, read with boto3: `adopt`, `audit` and `drift` stand on it."""
