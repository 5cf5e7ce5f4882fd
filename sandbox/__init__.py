"""A local AWS to try the program without an account.

moto's server stands for AWS, and a small stand-in for Pulumi's AWS provider; the engine and the
program are the real ones. moto has AWS's API and checks little: `sandbox.authorization` decides
calls as AWS does, and `sandbox.standin.limits` is what the stand-in checks in moto's place.
`python -m sandbox --help` lists the commands.
"""
