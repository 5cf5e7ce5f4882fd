"""What the CI workflows share.

`python3 -m ci.comment FILE` writes the one comment on a pull request and needs Python alone;
`python -m ci.aws_config ROLE` is for many accounts.
"""
