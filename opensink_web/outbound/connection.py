"""The guard at the socket: connect to vetted addresses only, and bound every call in time and size.

A name is resolved once, every address it has must be permitted, and the connection is made to one
of those very addresses, so nothing is looked up a second time. SNI, certificate check and `Host`
stay on the name.

Each read and write first sets the socket's timeout to what is left of the call's one deadline.
That cuts an answer that trickles byte by byte, which a plain timeout (it starts anew with each
byte) never does, and it needs no second thread that closes sockets under a reader. OpenSSL's
handshake and `socket.sendall` take the timeout as a total themselves.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPConnection as PlainConnection
from http.client import HTTPResponse
from typing import TYPE_CHECKING

from urllib3.connection import HTTPConnection, HTTPSConnection

from opensink_web.outbound.addresses import parse_address
from opensink_web.outbound.destination import Destination
from opensink_web.outbound.policy import Policy
from opensink_web.outbound.resolver import resolve

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

READ_LIMIT_BYTES = 64 * 1024
_METHODS_WITHOUT_BODY = frozenset(("GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"))


class DestinationRefused(Exception):
    """The policy does not permit an address of this destination; the message is a sentence."""


class ConnectFailed(Exception):
    """No connection came about; `cause` is the socket's own error."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class ReadLimitReached(Exception):
    """The endpoint sent more than READ_LIMIT_BYTES."""


class Bounds:
    """What is left of one call's time and of the bytes that its answer may have."""

    def __init__(self, timeout_seconds: float) -> None:
        self._deadline = time.monotonic() + timeout_seconds
        self._bytes_left = READ_LIMIT_BYTES
        self.has_ended = False

    def remaining_seconds(self) -> float:
        """Return the time left, more than 0.

        Raises: TimeoutError.
        """
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining

    def readable(self, wanted_bytes: int) -> int:
        """Return how many bytes may be received now, 1 or more.

        Raises: ReadLimitReached.
        """
        if self._bytes_left == 0:
            raise ReadLimitReached
        return min(wanted_bytes, self._bytes_left)

    def read_on(self, size_bytes: int) -> None:
        """Permit so many bytes more."""
        self._bytes_left += size_bytes

    def received(self, size_bytes: int) -> None:
        """Count bytes received; none at all means that the endpoint has closed its side."""
        self.has_ended = size_bytes == 0
        self._bytes_left -= size_bytes


class BoundedSocket(socket.socket):
    """A TCP socket whose reads and writes end with the call's bounds."""

    bounds: Bounds

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        readable = self.bounds.readable(nbytes or memoryview(buffer).nbytes)
        self.settimeout(self.bounds.remaining_seconds())
        size_bytes = super().recv_into(buffer, readable, flags)
        self.bounds.received(size_bytes)
        return size_bytes

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        self.settimeout(self.bounds.remaining_seconds())
        super().sendall(data, flags)


class BoundedTLSSocket(ssl.SSLSocket):
    """The same over TLS, whose `sendall` is made of `send`s; bytes count as decrypted."""

    bounds: Bounds

    def recv_into(
        self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0
    ) -> int:
        readable = self.bounds.readable(nbytes or memoryview(buffer).nbytes)
        self.settimeout(self.bounds.remaining_seconds())
        size_bytes = super().recv_into(buffer, readable, flags)
        self.bounds.received(size_bytes)
        return size_bytes

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        self.settimeout(self.bounds.remaining_seconds())
        return super().send(data, flags)


class Guard:
    """What both kinds of connection share: where they may lead, and the bounds of the moment."""

    def __init__(self, destination: Destination, policy: Policy, bounds: Bounds) -> None:
        self.destination = destination
        self.policy = policy
        self.bounds = bounds
        self.peer_address: str | None = None

    def open_socket(self) -> BoundedSocket:
        """Connect to the first vetted address that answers, and check whom we reached."""
        connected = _connect_to_any(self._vetted_addresses(), self.destination.port, self.bounds)
        peer = str(connected.getpeername()[0])
        if not self.policy.allows(self.destination.host, peer):
            connected.close()
            raise DestinationRefused(self.policy.refusal(self.destination.host, peer))
        self.peer_address = peer
        return connected

    def _vetted_addresses(self) -> tuple[str, ...]:
        host = self.destination.host
        objection = self.policy.objection(self.destination)
        if objection is not None:
            raise DestinationRefused(objection)
        if self.destination.address is not None:
            addresses: tuple[str, ...] = (str(self.destination.address),)
        else:
            addresses = resolve(host, self.destination.port, self.bounds.remaining_seconds())
        for address in addresses:
            if not self.policy.allows(host, address):
                raise DestinationRefused(self.policy.refusal(host, address))
        return addresses


class _LeanExchange(PlainConnection):
    """Speaks HTTP as http.client does: urllib3's layers above it double the cost of a call."""

    _body: bytes | None = None

    def exchange(
        self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes | None
    ) -> HTTPResponse:
        """Send a request, connecting first if need be, and read the answer's head."""
        self.putrequest(method, path)
        if body is not None or method not in _METHODS_WITHOUT_BODY:
            PlainConnection.putheader(self, "Content-Length", str(len(body or b"")))
        for name, value in headers:
            PlainConnection.putheader(self, name, value)
        self._body = body
        # an endpoint may refuse a long body before it has read it all: its answer is worth reading
        with suppress(BrokenPipeError, ConnectionResetError):
            self.endheaders()
        return PlainConnection.getresponse(self)

    def send(self, data: bytes) -> None:  # type: ignore[override]  # of all that it could send
        """Send the head, and the body with it: one write wakes the endpoint once."""
        body, self._body = self._body, None
        super().send(data + body if body else data)


class GuardedHTTPConnection(_LeanExchange, HTTPConnection):
    """urllib3's connection, with the guard where it would resolve and connect by itself."""

    guard: Guard

    def _new_conn(self) -> socket.socket:
        return self.guard.open_socket()


class GuardedHTTPSConnection(_LeanExchange, HTTPSConnection):
    """The same with TLS; the handshake runs on the timeout that the plain socket is left with."""

    guard: Guard

    def _new_conn(self) -> socket.socket:
        connected = self.guard.open_socket()
        connected.settimeout(self.guard.bounds.remaining_seconds())
        return connected

    def connect(self) -> None:
        super().connect()
        bind(self, self.guard.bounds)


GuardedConnection = GuardedHTTPConnection | GuardedHTTPSConnection


def new_connection(
    destination: Destination, policy: Policy, bounds: Bounds, tls: ssl.SSLContext
) -> GuardedConnection:
    """Make an unopened connection; it connects when the first request is sent over it."""
    connection: GuardedConnection
    if destination.scheme == "https":
        connection = GuardedHTTPSConnection(destination.host, destination.port, ssl_context=tls)
    else:
        connection = GuardedHTTPConnection(destination.host, destination.port)
    connection.guard = Guard(destination, policy, bounds)
    return connection


def bind(connection: GuardedConnection, bounds: Bounds) -> None:
    """Put the next call under its own bounds, whether or not the socket is open already."""
    connection.guard.bounds = bounds
    if isinstance(connection.sock, BoundedSocket | BoundedTLSSocket):
        connection.sock.bounds = bounds


def _connect_to_any(addresses: tuple[str, ...], port: int, bounds: Bounds) -> BoundedSocket:
    """Try each address in turn; each may use an equal share of the time that is left."""
    failure: OSError = OSError("no address")
    for tried, address in enumerate(addresses):
        share = bounds.remaining_seconds() / (len(addresses) - tried)
        try:
            return _connect(address, port, share, bounds)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise failure
    raise ConnectFailed(failure)


def _connect(address: str, port: int, timeout_seconds: float, bounds: Bounds) -> BoundedSocket:
    parsed = parse_address(address)
    is_v6 = parsed is not None and parsed.version == 6
    connecting = BoundedSocket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connecting.bounds = bounds
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connecting.settimeout(timeout_seconds)
        connecting.connect((address, port))
    except BaseException:
        connecting.close()
        raise
    return connecting
