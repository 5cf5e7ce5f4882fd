"""The stand-in: an AWS provider for the sandbox, in place of the real one.

It speaks Pulumi's provider protocol and makes the resources which this project uses with boto3,
against moto. It is used in the sandbox and its tests only, and refuses a type it does not know.

* `resource_type` says what an entry of the table is, `tables` holds the entries.
* `provider` turns the protocol's requests into calls of an entry: check, diff, preview, refresh.
* `sessions` keeps the runs apart: one process serves many engines at once.
* `limits` holds the limits of AWS that moto does not check.
* `server` is the process.
"""
