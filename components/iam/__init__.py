"""IAM's own language: documents, patterns, conditions, decisions and differences.

It knows AWS alone: neither CircleCI nor what this project's config says.
"""
