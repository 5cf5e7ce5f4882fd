"""Who may call what in the sandbox: S3 and STS decided as AWS does, in front of moto."""
