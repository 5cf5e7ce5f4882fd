"""What policy documents allow: IAM's rules, read from documents alone."""
