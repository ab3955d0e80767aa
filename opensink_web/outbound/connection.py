"""The guard at the socket: connect to vetted addresses only, and bound every call in time and size.

A name is resolved once, every address it has must be permitted, and the connection is made to one
of those very addresses, so nothing is looked up a second time. SNI, certificate check and `Host`
stay on the name.

Each read and write may first take what is left of the call's one deadline. That cuts an answer that
trickles byte by byte, which a plain timeout (it starts anew with each byte) never does, and it
needs no second thread that closes sockets under a reader. OpenSSL's handshake takes the timeout as
a total itself.
"""

import re
import socket
import ssl
import struct
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
from opensink_web.outbound.whole_response import WholeResponse, read_whole

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

READ_LIMIT_BYTES = 64 * 1024
_FIRST_BYTES = 16 * 1024
_TIMEVAL = struct.Struct("@ll")
_REQUEST = re.compile(r"[!-~]+ [!-~]+")
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


class _Unread:
    """Bytes that were received and given back, which the next read has first."""

    unread: bytes = b""

    def reread_into(self, buffer: "WriteableBuffer", nbytes: int) -> int:
        view = memoryview(buffer).cast("B")
        piece = self.unread[: nbytes or view.nbytes]
        view[: len(piece)] = piece
        self.unread = self.unread[len(piece) :]
        return len(piece)


class BoundedSocket(_Unread, socket.socket):
    """A TCP socket whose reads and writes end with the call's bounds.

    It blocks, and the kernel wakes it in time: with Python's own timeout each read and write would
    be three system calls, after each of which a thread waits for its turn.
    """

    bounds: Bounds

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        if self.unread:
            return self.reread_into(buffer, nbytes)
        readable = self.bounds.readable(nbytes or memoryview(buffer).nbytes)
        self._wait_at_most(socket.SO_RCVTIMEO)
        try:
            size_bytes = super().recv_into(buffer, readable, flags)
        except BlockingIOError:
            raise TimeoutError from None
        self.bounds.received(size_bytes)
        return size_bytes

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        left = memoryview(data)
        while left:
            self._wait_at_most(socket.SO_SNDTIMEO)
            try:
                left = left[super().send(left, flags) :]
            except BlockingIOError:
                raise TimeoutError from None

    def _wait_at_most(self, option: int) -> None:
        """Let the kernel end the next read or write with the call's time; 0 would be never."""
        microseconds = max(int(self.bounds.remaining_seconds() * 1_000_000), 1)
        self.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL.pack(*divmod(microseconds, 1_000_000)))


class BoundedTLSSocket(_Unread, ssl.SSLSocket):
    """The same over TLS, whose `sendall` is made of `send`s; bytes count as decrypted."""

    bounds: Bounds

    def recv_into(
        self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0
    ) -> int:
        if self.unread:
            return self.reread_into(buffer, nbytes or 0)
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
        connected = connect_to_any(self._vetted_addresses(), self.destination.port, self.bounds)
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

    guard: Guard

    def exchange(
        self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes | None
    ) -> HTTPResponse | WholeResponse:
        """Send a request, connecting first if need be, and read the answer's head."""
        request = self._head(method, path, headers, body) + (body or b"")
        if self.sock is None:
            self.connect()
        sock = self._bounded_socket()
        # an endpoint may refuse a long body before it has read it all: its answer is worth reading
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            sock.sendall(request)  # one write wakes the endpoint once
        buffer = bytearray(_FIRST_BYTES)
        sock.unread = bytes(buffer[: sock.recv_into(buffer)])
        whole = read_whole(sock.unread, method)
        if whole is not None:
            sock.unread = b""
            return whole
        response = HTTPResponse(sock, method=method)
        response.begin()
        if response.will_close:
            self.close()
        return response

    @property
    def is_at_rest(self) -> bool:
        """Return True if the last answer was read, and nothing came after it."""
        if self.sock is None:
            return False
        sock = self._bounded_socket()
        # what TLS has decrypted already, the system's socket knows nothing of
        return not sock.unread and not (isinstance(sock, BoundedTLSSocket) and sock.pending())

    def _bounded_socket(self) -> BoundedSocket | BoundedTLSSocket:
        if isinstance(self.sock, BoundedSocket | BoundedTLSSocket):
            return self.sock
        raise TypeError("a socket without bounds")

    def _head(
        self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes | None
    ) -> bytes:
        """Write a request's head; the headers were checked. Raises: ValueError."""
        if not _REQUEST.fullmatch(f"{method} {path}"):
            raise ValueError("a method or a path that is none")
        host = f"[{self.host}]" if ":" in self.host else self.host
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {host}" if self.port == self.default_port else f"Host: {host}:{self.port}",
            "Accept-Encoding: identity",
        ]
        if body is not None or method not in _METHODS_WITHOUT_BODY:
            lines.append(f"Content-Length: {len(body or b'')}")
        lines += [f"{name}: {value}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class GuardedHTTPConnection(_LeanExchange, HTTPConnection):
    """urllib3's connection, with the guard where it would resolve and connect by itself."""

    def _new_conn(self) -> socket.socket:
        return self.guard.open_socket()


class GuardedHTTPSConnection(_LeanExchange, HTTPSConnection):
    """The same with TLS; the handshake runs on the timeout that the plain socket is left with."""

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


def connect_to_any(addresses: tuple[str, ...], port: int, bounds: Bounds) -> BoundedSocket:
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
        connecting.settimeout(None)
    except BaseException:
        connecting.close()
        raise
    return connecting
