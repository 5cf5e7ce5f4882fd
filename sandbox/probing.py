"""Asks a port who answers there."""

import http.client
from collections.abc import Callable, Mapping
from typing import Final

import grpc

from sandbox.serving import LOOPBACK, Identity

_SECONDS: Final = 2.0
# As in `sandbox.aws_server` and `sandbox.standin.server`, whose imports cost a second.
_IDENTITY_PATH: Final = "/sandbox-identity"
_IDENTITY_METHOD: Final = "/sandbox.Identity/Get"


def aws_identity(port: int) -> Identity | None:
    """Ask moto's server."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
    try:
        connection.request("GET", _IDENTITY_PATH)
        return Identity.read(connection.getresponse().read().decode(errors="replace"))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def standin_identity(port: int) -> Identity | None:
    """Ask the stand-in."""
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"{LOOPBACK}:{port}", options) as channel:
        try:
            answer: bytes = channel.unary_unary(_IDENTITY_METHOD)(b"", timeout=_SECONDS)
        except grpc.RpcError:
            return None
    return Identity.read(answer.decode(errors="replace"))


PROBES: Final[Mapping[str, Callable[[int], Identity | None]]] = {
    "aws": aws_identity,
    "standin": standin_identity,
}
"""How to ask each of the sandbox's servers who it is."""
