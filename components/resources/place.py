"""The account in which a stack runs; it must be the account of the stack's state."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import grpc
import pulumi
import pulumi_aws as aws
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor

from components.aws.partitions import account_of_arn
from components.resources.lookups import Lookup
from components.settings.findings import Finding

_OWN_OUTPUTS: Final = "pulumi:pulumi:readStackOutputs"
"""The engine's function behind a StackReference (`builtinProvider.Invoke` in its
pkg/resource/deploy/builtins.go); used alone it adds to the state only the engine's own provider,
`pulumi:providers:pulumi::default`."""
_BEING_WRITTEN: Final = "failed to load checkpoint"
_PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between attempts to read a state that is being written."""
_PATH: Final = "aws:allowedAccountIds"

arns_in_state: Callable[[], Iterable[str]] | None = None
"""Returns the ARNs in the state of a stack that has no outputs (its first deployment failed, or
there was none). A program can't read its state; the rollout, which can, sets this."""


@dataclass(frozen=True)
class Place:
    """The caller's account and ARN, and the accounts of earlier deployments of the stack."""

    account: str
    arn: str
    deployed: frozenset[str]


def look_up_place(parent: pulumi.Resource) -> Lookup:
    """Look up the account in which the stack runs.

    A stack must stay in its account. In another account the engine would assume that the
    resources in the state exist, or create all of them again and forget the old account.
    """
    return Lookup(pulumi.Output.from_input(_place(parent)), _missing, _findings)


async def _place(parent: pulumi.Resource) -> Place:
    caller, before = await asyncio.gather(
        aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent)).future(),
        _own_outputs(),
    )
    if caller is None:
        raise ValueError("the caller's identity is not known")
    arns = [*_arns(before)]
    if not arns and arns_in_state is not None:
        arns = [*await asyncio.to_thread(arns_in_state)]
    deployed = frozenset(map(account_of_arn, arns)) - {""}  # an ARN of a bucket has no account
    return Place(caller.account_id, caller.arn, deployed)


async def _own_outputs() -> Mapping[str, Any]:
    """The outputs that the running stack has so far.

    Asked again where a backend of files is just being written to: the engine does so since
    the program began. Asked at the monitor, since `pulumi.runtime.invoke_async` ends the
    program at the first failure, whoever handles it.
    """
    arguments = await rpc.serialize_properties(_own_name(), {})
    request = resource_pb2.ResourceInvokeRequest(tok=_OWN_OUTPUTS, args=arguments)
    for pause in _PAUSES:
        try:
            return await asyncio.to_thread(_ask, get_monitor(), request)
        except ValueError as error:
            if _BEING_WRITTEN not in str(error):
                raise
            await asyncio.sleep(pause)
    return await asyncio.to_thread(_ask, get_monitor(), request)


def _ask(monitor: Any, request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - generated code
    try:
        answer = monitor.Invoke(request)
    except grpc.RpcError as error:
        raise ValueError(error.details() if isinstance(error, grpc.Call) else str(error)) from None
    found = rpc.deserialize_properties(getattr(answer, "return"))
    # Where one of them is a secret, all are: a user's access key.
    outputs: Mapping[str, Any] = rpc.unwrap_rpc_secret(rpc.unwrap_rpc_secret(found)["outputs"])
    return outputs


def _own_name() -> dict[str, str]:
    """The running stack, as that function expects it. File backends have no organizations."""
    organization = pulumi.get_organization()
    if organization == "organization":
        return {"name": pulumi.get_stack()}
    return {"name": f"{organization}/{pulumi.get_project()}/{pulumi.get_stack()}"}


def _arns(outputs: Mapping[str, Any]) -> Iterator[str]:
    identities = outputs.get("identities")
    for made in identities.values() if isinstance(identities, Mapping) else ():
        if isinstance(arn := made.get("arn"), str):
            yield arn


def _missing(words: str) -> Finding:
    return Finding(_PATH, f"the account in use can't be determined: {words}")


def _findings(place: Place) -> Iterator[Finding]:
    for other in sorted(place.deployed - {place.account}):
        yield Finding(
            _PATH,
            f"this stack was deployed in account {other}, but the credentials belong to "
            f"{place.account}; a stack stays in its account, so use another stack file for "
            f"{place.account}",
        )
