"""A local AWS to try the program without an account.

moto's server stands for AWS, and a small stand-in for Pulumi's AWS provider; the engine and the
program are the real ones. moto has AWS's API but not its security; `sandbox.standin.limits` is what
the stand-in checks in its place. `python -m sandbox --help` lists the commands.
"""
