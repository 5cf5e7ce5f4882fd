"""A local AWS to try the program without an account.

moto's server is the AWS and a small stand-in is the AWS provider of the Pulumi engine; the engine
and the program are the real ones. moto is not AWS: its API is real, its security is not (see
`sandbox.standin` for what the stand-in checks in its place). `python -m sandbox --help` tells the
commands.
"""
