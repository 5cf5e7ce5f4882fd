"""The stand-in's gRPC server; engines attach to it with PULUMI_DEBUG_PROVIDERS=aws:PORT.

It relies on private parts of the SDK: `pulumi.runtime._grpc_settings`; that
`pulumi.provider.experimental.server.ProviderServicer` keeps its constructor's arguments; and that
an error which a provider raises is the `__context__` of the one that reaches the server.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.clients import Clients
from sandbox.standin.errors import StandInError
from sandbox.standin.provider import StandIn
from sandbox.standin.sessions import CONNECTION, Sessions
from sandbox.standin.settings import read_settings
from sandbox.standin.values import from_wire

VERSION: Final = "7.51.1"
"""The version of the provider that it stands in for."""

log = logging.getLogger("standin")


class Servicer(ProviderServicer):
    """The SDK's server, with the calls of the protocol that it lacks."""

    def __init__(self, sessions: Sessions) -> None:
        """Serve the runs of `sessions`."""
        super().__init__([], VERSION, StandIn(sessions), engine_address="")
        self._sessions = sessions

    async def Handshake(  # noqa: N802 - the protocol's name
        self,
        _request: proto.ProviderHandshakeRequest,
        _context: grpc.aio.ServicerContext,
    ) -> proto.ProviderHandshakeResponse:
        """Begin a connection; after this answer the engine sends its URN with Configure."""
        self._sessions.open()
        return proto.ProviderHandshakeResponse(accept_secrets=True)

    async def Attach(  # noqa: N802 - the protocol's name
        self, _request: proto.PluginAttach, _context: grpc.aio.ServicerContext
    ) -> empty_pb2.Empty:
        """Accept an engine that attaches to this running provider."""
        return empty_pb2.Empty()

    async def Configure(  # noqa: N802 - the protocol's name
        self, request: proto.ConfigureRequest, _context: grpc.aio.ServicerContext
    ) -> proto.ConfigureResponse:
        """Bind the connection to the AWS that the run's config names."""
        config = from_wire(PropertyValue.unmarshal_map(request.args)).values
        await asyncio.to_thread(self._sessions.configure, read_settings(config), request.urn)
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True)


# grpc ships no types.
class Calls(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Sets each call's connection, and turns errors into one message."""

    async def intercept_service(
        self, continuation: Callable[..., Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:  # noqa: ANN401 - grpc ships no types
        """Wrap the method that answers a call."""
        handler = await continuation(details)
        if handler is None or not inspect.iscoroutinefunction(handler.unary_unary):
            return handler

        async def answer(request: object, context: grpc.aio.ServicerContext) -> object:
            CONNECTION.set(context.peer())
            try:
                return await handler.unary_unary(request, context)
            except Exception as error:  # noqa: BLE001 - the engine must get any error
                message = _message(details.method, error)
            return await context.abort(grpc.StatusCode.UNKNOWN, message)

        return grpc.unary_unary_rpc_method_handler(
            answer, handler.request_deserializer, handler.response_serializer
        )


def _message(method: str, error: Exception) -> str:
    """Return the message for the user: of the error that the SDK wrapped in a traceback."""
    cause = error.__context__ if error.__context__ is not None else error
    for candidate in (error, cause):
        if isinstance(candidate, StandInError):
            return str(candidate)
    log.error("%s failed", method, exc_info=cause)
    return f"the sandbox's stand-in failed in {method}: {type(cause).__name__}: {cause}"


async def start(host: str, aws_url: str) -> tuple[grpc.aio.Server, int]:
    """Serve on a free port, against the AWS at `aws_url`; return the server and its port."""
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    server = grpc.aio.server(interceptors=[Calls()], options=_GRPC_CHANNEL_OPTIONS)
    servicer = Servicer(Sessions(Clients(aws_url)))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"{host}:0")
    await server.start()
    return server, port
