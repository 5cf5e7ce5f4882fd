"""CircleCI jobs' access to Amazon S3: the product.

Rooms, each using only those above it:

- ``aws``: what AWS defines: partitions, limits, bucket names, S3 actions.
- ``settings``: what a stack wishes for, typed and checked.
- ``circleci``: what CircleCI defines: its jobs' tokens.
- ``policy``: wishes in, policy and trust documents out.
- ``evaluation``: documents in, what they allow out, by IAM's rules and in words.
- ``resources``: the Pulumi components that make the identities.

All but ``resources`` is pure: no Pulumi, no I/O (``settings.stack_file`` reads one file).
"""
