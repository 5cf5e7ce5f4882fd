"""The product: access to Amazon S3 for CircleCI jobs.

docs/architecture.md describes each package and what it may import. Only ``resources`` uses Pulumi.
The others are pure, except that ``settings`` reads files.
"""
