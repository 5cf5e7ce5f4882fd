"""CircleCI jobs' access to Amazon S3: the product.

docs/architecture.md says what each package is for and what it may import. All but ``resources`` is
pure: no Pulumi, no I/O (``settings`` reads the stack's file).
"""
