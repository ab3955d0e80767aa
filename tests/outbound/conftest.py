"""Real servers on loopback sockets that behave as a test tells them to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from opensink_web.outbound import idle
from opensink_web.outbound.client import Client
from opensink_web.outbound.policy import EndpointPolicy
from tests.support.authority import Authority, make_authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE_SECONDS = 60
"""The deadline of calls that end long before it, however busy the machine is."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket, stopped: threading.Event) -> None:
        self.connection = connection
        self.stopped = stopped
        self._buffer = b""

    def read_request(self) -> bytes | None:
        """Read one request, head and body, or None if the client has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._fill():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-len")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        self._buffer = rest
        while len(self._buffer) < length:
            if not self._fill():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return head + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes, pause_seconds: float = 0.02) -> None:
        """Send one byte at a time."""
        for index in range(len(data)):
            if self.stopped.wait(pause_seconds):
                return
            self.send(data[index : index + 1])

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()

    def _fill(self) -> bool:
        data = self.connection.recv(65536)
        self._buffer += data
        return bool(data)


Script = Callable[[Peer], None]


class Server:
    """Accepts on 127.0.0.1, counts connections, and runs a script on each."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.connects = 0
        self.closed = 0
        self.requests: list[bytes] = []
        self._script = script
        self._tls = tls
        self._stopped = threading.Event()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def stop(self) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(100)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connects += 1
                connection.settimeout(100)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), self._secured(connection) as secured:
            self._connections.append(secured)
            self._script(Peer(secured, self._stopped))
        self.closed += 1

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        try:
            return self._tls.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers: `serve(script, tls=None)`; they stop when the test ends."""
    servers: list[Server] = []

    def start(script: Script, tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(script, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def answer(serve: Serve) -> Callable[[bytes], Server]:
    """Start a server that answers every request with the same bytes and records the requests."""

    def start(response: bytes = OK) -> Server:
        def script(peer: Peer) -> None:
            while request := peer.read_request():
                server.requests.append(request)
                peer.send(response)

        server = serve(script)
        return server

    return start


@pytest.fixture(scope="session")
def loopback_client() -> Client:
    """Made once: reading the certificate authorities takes longer than most tests."""
    return Client(EndpointPolicy.from_entries(("127.0.0.0/8", "::1/128")))


@pytest.fixture(autouse=True)
def connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep connections from being closed as idle between two calls of a test: a second may pass."""
    monkeypatch.setattr(idle, "MAX_IDLE_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def client(loopback_client: Client) -> Iterator[Client]:
    """A client that may call loopback, besides public addresses, with no connections open yet."""
    yield loopback_client
    loopback_client.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: name -> the address lists of its successive answers; the last one repeats."""
    answers: dict[str, list[list[str]]] = {}

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if host not in answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        given = answers[host]
        addresses = given.pop(0) if len(given) > 1 else given[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return answers
