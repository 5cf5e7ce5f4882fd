"""What the CI workflows share.

`python3 -m tools.ci.comment FILE` writes the one comment on a pull request and needs Python alone;
`python -m tools.ci.aws_config ROLE` is for many accounts.
"""
