"""Pulumi mocks that record what is registered and know only what a test tells them."""

import asyncio
import json
import logging
import runpy
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import grpc
import pulumi
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.rpc import deserialize_properties
from pulumi.runtime.settings import SETTINGS, get_root_resource, set_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

ROOT = Path(__file__).parents[3]
ACCOUNT = "111111111111"


@dataclass(frozen=True)
class Registered:
    """One resource as the program registered it; others are named by their names."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str
    depends_on: frozenset[str]
    protect: bool
    delete_before_replace: bool
    secret_outputs: frozenset[str]
    trace: tuple[str, ...]
    """The files of its stack trace, the innermost frame first."""


class RpcError(grpc.RpcError):  # type: ignore[misc] # grpc has no types
    """A call of the engine that failed."""


@dataclass
class RecordingMocks(pulumi.runtime.Mocks):
    """Records every resource; answers look-ups of the buckets and organizations it was given."""

    buckets: frozenset[str]
    organizations: frozenset[str] = frozenset()
    partition: str = "aws"
    audiences: list[str] | None = None
    """Of every provider; by default its organization, as it should be."""
    state_errors: list[str] = field(default_factory=list)
    """How reads of the stack's own outputs fail, one after the other, before one succeeds."""
    provider_error: str = "finding IAM OIDC Provider by url: not found"
    outputs: dict[str, Any] = field(default_factory=dict)
    """Of the stack, as an earlier deployment left them."""
    account: str = ACCOUNT
    """Of the credentials."""
    looked_up: list[str] = field(default_factory=list)
    registered: list[Registered] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ.startswith("aws:"):
            kind = args.typ.rpartition(":")[2].lower()
            state["arn"] = f"arn:aws:iam::{ACCOUNT}:{kind}/{state.get('name', args.name)}"
        if "url" in args.inputs:
            issuer = args.inputs["url"].removeprefix("https://")
            state["arn"] = f"arn:{self.partition}:iam::{ACCOUNT}:oidc-provider/{issuer}"
        if args.typ == "aws:iam/accessKey:AccessKey":
            state["secret"] = f"secret-of-{args.name}"
        return f"{args.name}-id", state

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        return self._answer(args), []

    def _answer(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        if args.token == "aws:s3/getBucket:getBucket":
            bucket = args.args["bucket"]
            self.looked_up.append(bucket)
            if bucket not in self.buckets:
                raise LookupError(f"reading S3 Bucket ({bucket}): NotFound")
            return {"bucket": bucket, "arn": f"arn:{self.partition}:s3:::{bucket}"}
        if args.token == "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider":
            organization = args.args["url"].rpartition("/")[2]
            self.looked_up.append(args.args["url"])
            if organization not in self.organizations:
                raise LookupError(self.provider_error)
            issuer = f"oidc.circleci.com/org/{organization}"
            return {
                "arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}",
                "clientIdLists": self.audiences or [organization],
            }
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            arn = f"arn:{self.partition}:sts::{self.account}:assumed-role/deploy/session"
            return {"accountId": self.account, "arn": arn}
        if args.token == "pulumi:pulumi:readStackOutputs":
            if self.state_errors:
                raise RpcError(self.state_errors.pop(0))
            return {"name": args.args["name"], "outputs": self.outputs, "secretOutputNames": []}
        if args.token == "aws:index/getRegion:getRegion":
            return {"region": "eu-central-1"}
        raise NotImplementedError(f"no such function in this test: {args.token}")

    def named(self, name: str) -> Registered:
        """The resource of that name."""
        return next(one for one in self.registered if one.name == name)

    def of(self, type_: str) -> list[Registered]:
        """What was registered of one type, in order."""
        return [one for one in self.registered if one.type == type_]


class RecordingMonitor(MockMonitor):
    """Hears of a resource's options too, which mocks are not told."""

    def __init__(self, mocks: RecordingMocks) -> None:
        super().__init__(mocks)
        self._registered = mocks.registered

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        if request.type != "pulumi:pulumi:Stack":
            self._registered.append(
                Registered(
                    request.type,
                    request.name,
                    deserialize_properties(request.object),
                    _name(request.parent),
                    frozenset(map(_name, request.dependencies)),
                    request.protect,
                    request.deleteBeforeReplace,
                    frozenset(request.additionalSecretOutputs),
                    tuple(Path(one.pc.uri).name for one in request.stackTrace.frames),
                )
            )
        with _loop_of_thread():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        with _loop_of_thread():
            return super().Invoke(request)  # type: ignore[no-untyped-call]


@contextmanager
def _loop_of_thread() -> Iterator[None]:
    """The mock monitor needs an event loop in each thread; one of its own it leaves open."""
    if threading.current_thread() is threading.main_thread():
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def run_program(
    mocks: RecordingMocks,
    identities: Mapping[str, Any],
    *,
    stack: str = "dev",
    preview: bool = False,
    region: str | None = "eu-west-1",
    **config: Any,
) -> dict[str, Any]:
    """Run the program with a config, on a fresh event loop, and answer the stack's outputs.

    A secret output is answered as ``Secret``.

    Raises:
        pulumi.RunError: as the program does, for Pulumi to print.
    """
    values = {"identities": identities, **config}
    with _fresh_runtime(mocks, stack, preview=preview) as loop:
        set_all_config(
            {
                **({} if region is None else {"aws:region": region}),
                **{
                    f"circleci-s3-access:{key}": value
                    if isinstance(value, str)
                    else json.dumps(value)
                    for key, value in values.items()
                },
            }
        )
        return loop.run_until_complete(_run())


@dataclass(frozen=True)
class Secret:
    """The value of an output that is a secret."""

    value: str


async def _run() -> dict[str, Any]:
    await run_pulumi_func(lambda: _discard(runpy.run_path(str(ROOT / "__main__.py"))))
    root = get_root_resource()
    assert isinstance(root, Stack)
    return {name: await _known(value) for name, value in root.outputs.items()}


def _discard(_: object) -> None:
    """``run_pulumi_func`` wants nothing back."""


async def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: await _known(inner) for key, inner in value.items()}
    if isinstance(value, pulumi.Output):
        known = await value.future()
        return Secret(str(known)) if await value.is_secret() else known
    return value


@contextmanager
def _fresh_runtime(
    mocks: RecordingMocks, stack: str, *, preview: bool
) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop and a root resource of its own; Pulumi keeps both for the whole process."""
    # As the language host does: a failed program leaves futures that nobody asks for.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    before = get_root_resource()
    try:
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        set_root_resource(cast("pulumi.Resource", None))
        pulumi.runtime.set_mocks(
            mocks,
            project="circleci-s3-access",
            stack=stack,
            preview=preview,
            monitor=RecordingMonitor(mocks),
            logger=logging.getLogger("program"),
        )
        yield loop
    finally:
        set_root_resource(cast("pulumi.Resource", before))
        set_all_config({})
        # A program that failed leaves tasks waiting for what will never come.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
