"""IAM's policy language: documents, patterns, conditions, decisions and differences.

This package depends on neither CircleCI nor this project's settings.
"""
