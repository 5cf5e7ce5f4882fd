"""moto's server behind the gate, with one more answer: which sandbox it belongs to."""

import os
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from sandbox.authorization.authorizer import Authorizer
from sandbox.folder import Folder
from sandbox.ownership import PATH, Owner


class Handler(MotoRequestHandler):
    """Logs errors, and not every request."""

    def log_request(self, *_: object) -> None:
        """Log nothing."""


class _Moto(DomainDispatcherApplication):
    """moto's application; it lists its own folder once for each service, and not at every call."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._found = lru_cache(super().get_backend_for_host)

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - moto's
        return self._found(host)


class _Application:
    """The gate to moto's application, and the owner on a path of its own."""

    def __init__(self, owner: Owner, folder: Folder) -> None:
        self._authorizer = Authorizer(_Moto(), folder.calls, folder.issuer_key)
        self._owner = owner.text().encode()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            start("200 OK", [("Content-Type", "application/json")])
            return [self._owner]
        return self._authorizer(environ, start)


class AwsServer:
    """moto on a port; it listens from the start and answers once started."""

    def __init__(self, host: str, owner: Owner, folder: Folder) -> None:
        """Listen on a free port."""
        application = _Application(owner, folder)
        self._server = make_server(host, 0, application, threaded=True, request_handler=Handler)
        self.port = self._server.port
        os.environ["MOTO_PORT"] = str(self.port)  # moto puts it into some answers

    def start(self) -> None:
        """Answer, in a thread; should it end, the whole process ends with it."""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            self._server.serve_forever()
        finally:
            os._exit(1)
