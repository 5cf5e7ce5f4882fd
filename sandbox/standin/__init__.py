"""The stand-in: an AWS provider for the sandbox, in place of the real one.

It speaks Pulumi's provider protocol and makes the resources that this project uses with boto3,
against moto. It is used in the sandbox and its tests only, and refuses a type it does not know.

A table drives it. A new type is a row: its token, its properties with AWS's names for them, its id,
and the methods of boto3 that create, read, change and delete it; a function stands in for a method
where AWS needs more than one call.

* `resource_type` defines the columns, `iam` holds the rows of IAM, `functions` the look-ups, and
  `tables` finds them.
* `calls` makes the calls that a row names, and reads AWS's answers.
* `checks`, `diffs` and `states` are what a row says of a program's inputs and of Pulumi's state.
* `limits` holds the limits of AWS that moto does not check.
* `provider` turns the protocol's requests into all that; `sessions` keeps the runs of many engines
  apart; `server` is the gRPC server.
"""
