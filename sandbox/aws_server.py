"""moto's server as a process of the sandbox.

It is moto's own application, with one more answer: who it is.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from sandbox.serving import LOOPBACK, Serving

IDENTITY_PATH: Final = "/sandbox-identity"


class Handler(MotoRequestHandler):
    """moto's, without a line in the log for every call."""

    def log_request(self, *_: object) -> None:
        """Stay silent; errors are logged all the same."""


class Application:
    """moto's application, and the sandbox's identity on a path of its own."""

    def __init__(self, serving: Serving) -> None:
        """Answer for one server."""
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._identity = serving.identity.text().encode()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO") == IDENTITY_PATH:
            start("200 OK", [("Content-Type", "application/json")])
            return [self._identity]
        answer: Iterable[bytes] = self._moto(environ, start)
        return answer


def serve(serving: Serving) -> None:
    """Serve until the sandbox ends."""
    server = make_server(LOOPBACK, 0, Application(serving), threaded=True, request_handler=Handler)
    os.environ["MOTO_PORT"] = str(server.port)  # moto puts it into some answers
    serving.announce(server.port)
    server.serve_forever()
