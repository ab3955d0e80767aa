"""Our web server in a thread of the test's process, and raw connections to it."""

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from opensink_web.cli.web_server import refusal
from opensink_web.http_server.limits import Limits
from opensink_web.http_server.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BodyLimit = Callable[[str, str], int]


def _largest(_method: str, _path: str) -> int:
    return 2**20


class RunningServer:
    """A server at `port`; the connections that are opened through it are closed with it."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port
        self.opened = ExitStack()

    def connect(self, data: bytes = b"") -> socket.socket:
        """Open a connection and send bytes as they are."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.opened.enter_context(connection)
        connection.sendall(data)
        return connection

    def send(self, path: str, headers: Mapping[str, str], body: Any = None) -> socket.socket:
        """Send a request, a POST where there is a body; `read` its answer later."""
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{'POST' if data else 'GET'} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(data)}", "", ""]
        return self.connect("\r\n".join(lines).encode() + data)

    def answer_to(self, data: bytes) -> bytes:
        """Send bytes on a new connection; return all that comes until the server ends it."""
        return until_closed(self.connect(data))

    def stop(self) -> None:
        """Stop it as SIGTERM does."""
        self.server.loop.call_soon_threadsafe(self.server.stop)


@contextmanager
def running(
    application: "WSGIApplication",
    limits: Limits,
    *,
    body_limit: BodyLimit = _largest,
    is_patient: Callable[[bytes], bool] = lambda _target: False,
) -> Iterator[RunningServer]:
    """Answer with an application at a port of this machine, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port: int = listener.getsockname()[1]
    server = Server(
        application,
        listener,
        body_limit=body_limit,
        refusal=refusal,
        limits=limits,
        is_patient=is_patient,
    )
    thread = threading.Thread(target=server.run_until_stopped)
    thread.start()
    made = RunningServer(server, port)
    try:
        yield made
    finally:
        made.stop()
        thread.join(100)
        made.opened.close()
        server.loop.close()


class _KeptFile(io.BufferedReader):
    """What is read of a connection, kept from one response to the next."""

    def close(self) -> None:
        """Stay open: a response closes it at its end."""


_files: WeakKeyDictionary[socket.socket, _KeptFile] = WeakKeyDictionary()


class _Reader(socket.socket):
    """What a response is read from: a connection of which more than that may have been read."""

    def __init__(self, file: _KeptFile) -> None:
        self._file = file

    def makefile(self, *_arguments: Any, **_more: Any) -> Any:
        return self._file


def response(connection: socket.socket) -> HTTPResponse:
    """Return the next response that comes, its body unread."""
    if connection not in _files:
        _files[connection] = _KeptFile(connection.makefile("rb", buffering=0))
    answer = HTTPResponse(_Reader(_files[connection]))
    answer.begin()
    return answer


def read(connection: socket.socket) -> Any:
    """Return the JSON that is answered."""
    return json.loads(response(connection).read())


def until_closed(connection: socket.socket) -> bytes:
    """Return all that comes until the server ends the connection."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionError:
        pass  # it hung up on what it had not read
    return received


def status_of(answer: bytes) -> HTTPStatus:
    """Return the status in bytes that were answered."""
    return HTTPStatus(int(answer.split()[1]))
