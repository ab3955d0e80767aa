"""The one HTTP server of the tests' own: what answers for agents, functions, providers and others.

A server says in `respond` what it answers. It listens at a free port of this machine, takes each
connection in a thread of its own, and speaks HTTPS where it has a `tls` context. Raw bytes and
broken answers are the business of tests/outbound.
"""

import json
import ssl
import threading
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

POLL_SECONDS = 0.05
"""How soon a server sees that it is to stop."""


@dataclass(frozen=True)
class Received:
    """A request that was read whole; the names of its headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON that was sent; None where nothing was."""
        return json.loads(self.raw) if self.raw else None


@dataclass(frozen=True)
class Reply:
    """What a server answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    """What follows the status; what the status is called unless given."""


class HttpServer(AbstractContextManager["HttpServer"]):
    """Listens while its block runs."""

    tls: ssl.SSLContext | None = None
    origin: str
    """Its address without a path."""

    @abstractmethod
    def respond(self, received: Received) -> Reply:
        """Return what is answered; may take its time."""

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"respond": staticmethod(self.respond)})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        scheme = "http"
        if self.tls is not None:
            scheme = "https"
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.origin = f"{scheme}://127.0.0.1:{self._server.server_port}"
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    respond: Any

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply: Reply = self.respond(Received(self.command, self.path, headers, raw))
        try:
            self.send_response(reply.status, reply.reason)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
        except OSError:
            self.close_connection = True  # the caller lost patience, as some tests want

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing."""
