"""The one HTTP client for calls that users configure: guarded, bounded, and it never raises.

No proxies, no `.netrc`, no cookies, no redirects, no decompression: it is built on urllib3's
connections, below the layers that would do such things. Follows RFC 9110 and RFC 9112.
"""

import re
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, IncompleteRead, responses
from pathlib import Path
from types import TracebackType

from opensink_web.outbound.connection import (
    BoundedTLSSocket,
    Bounds,
    GuardedConnection,
    ReadLimitReached,
    bind,
    new_connection,
)
from opensink_web.outbound.destination import Destination, InvalidDestination, parse_destination
from opensink_web.outbound.failures import (
    EXPECTED_FAILURES,
    CallError,
    bad_response,
    call_error,
)
from opensink_web.outbound.headers import is_sendable
from opensink_web.outbound.idle import IdleConnections
from opensink_web.outbound.policy import Policy, check_url
from opensink_web.outbound.trust import trusting_context
from opensink_web.outbound.whole_response import WholeResponse

KEPT_BODY_BYTES = 4 * 1024
_READ_SIZE_BYTES = 16 * 1024
_LENGTH = re.compile(r"[0-9]+\s*")
_FOLD = re.compile(r"\s*\r?\n\s*")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to make. `timeout_seconds` is for all of it, from the name to the last byte.

    So much of the answer's body is kept as `kept_body_bytes` says, KEPT_BODY_BYTES or more. Where a
    caller's input was added to the address, `configured_url` is what it was before.
    """

    method: str
    url: str
    headers: Headers
    body: bytes | None
    timeout_seconds: float
    kept_body_bytes: int = KEPT_BODY_BYTES
    configured_url: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came of a call.

    With an `error` the call has failed, whatever `status_code` says: an answer may have begun and
    not ended. `body` is the first 4 KiB (or what the call keeps) as they came over the wire,
    undecoded; `body_truncated` says that there was more. Of an answer 60 KiB longer than that
    the rest is not read, which is no error.
    """

    status_code: int | None
    reason: str
    headers: Headers
    body: bytes
    body_truncated: bool
    latency_ms: float
    remote_address: str | None
    error: CallError | None

    @property
    def succeeded(self) -> bool:
        """Return True if a complete answer with a 2xx status came back in time."""
        return self.error is None and self.status_code is not None and self.status_code // 100 == 2


class Client:
    """Sends calls that the policy permits. Safe to share between threads; keeps connections open.

    `ca_bundle` is a PEM file of certificate authorities to trust besides the usual ones.
    """

    def __init__(self, policy: Policy, ca_bundle: Path | None = None) -> None:
        self._policy = policy
        self._tls = trusting_context(ca_bundle, BoundedTLSSocket)
        self._idle = IdleConnections()

    def send(self, call: Call) -> Response:
        """Make one call and wait for its answer, at most `timeout_seconds`. Never raises."""
        started = time.monotonic()
        received = _Received()
        try:
            destination = parse_destination(call.url)
        except InvalidDestination as reason:
            received.error = CallError("invalid_url", str(reason))
        else:
            self._exchange(call, destination, received)
        return received.answer(started)

    def check_url(self, url: str) -> str | None:
        """Say in a sentence why this URL can never be called, or None. Asks no name server."""
        return check_url(self._policy, url)

    def close(self) -> None:
        """Close the connections that are kept open; the client can still be used."""
        self._idle.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _exchange(self, call: Call, destination: Destination, received: "_Received") -> None:
        bounds = Bounds(call.timeout_seconds)
        connection = self._idle.take(destination)
        if connection is None:
            connection = new_connection(destination, self._policy, bounds, self._tls)
        bind(connection, bounds)
        is_reusable = False
        try:
            _check_headers(call)
            response = connection.exchange(call.method, destination.path, call.headers, call.body)
            if isinstance(response, WholeResponse):
                received.take(response, call.kept_body_bytes)
                is_reusable = True
            else:
                is_reusable = received.read(response, connection, call.kept_body_bytes)
        except EXPECTED_FAILURES as error:
            received.error = call_error(error, destination, call.timeout_seconds)
        finally:
            received.remote_address = connection.guard.peer_address
            if is_reusable:
                self._idle.keep(connection)
            else:
                connection.close()


@dataclass(slots=True)
class _Received:
    """What has come back so far; it stands even if the exchange then fails."""

    status_code: int | None = None
    reason: str = ""
    headers: Headers = ()
    body: bytearray = field(default_factory=bytearray)
    body_truncated: bool = False
    remote_address: str | None = None
    error: CallError | None = None

    def take(self, response: WholeResponse, kept_body_bytes: int) -> None:
        """Note an answer that was read to its end."""
        self.status_code, self.headers = response.status, response.headers
        self.reason = responses.get(response.status, "")
        self.body += response.body[:kept_body_bytes]
        self.body_truncated = len(response.body) > kept_body_bytes

    def read(
        self, response: HTTPResponse, connection: GuardedConnection, kept_body_bytes: int
    ) -> bool:
        """Read the answer, and return True if the connection can carry another call."""
        try:
            if connection.guard.bounds.has_ended:
                # http.client takes headers that break off for all there are
                raise ConnectionResetError
            self.status_code = response.status
            # RFC 9112, section 4: what was sent as the reason could be anything, so it is ignored
            self.reason = responses.get(response.status, "")
            # RFC 9112, section 5.2: a folded line is read as one
            self.headers = tuple(
                (name, _FOLD.sub(" ", value)) for name, value in response.headers.items()
            )
            if response.status < 200:
                # http.client takes 102 and 103 for the end; the real answer may still follow
                self.error = bad_response(f"status {response.status} is not a final one")
                return False
            _check_length(response)
            connection.guard.bounds.read_on(kept_body_bytes - KEPT_BODY_BYTES)
            is_whole = self._read_body(response, kept_body_bytes)
            return is_whole and connection.is_at_rest
        finally:
            response.close()

    def _read_body(self, response: HTTPResponse, kept_body_bytes: int) -> bool:
        """Keep the beginning and read on to the end, so far as the limit lets us."""
        try:
            while piece := response.read1(_READ_SIZE_BYTES):
                left = kept_body_bytes - len(self.body)
                self.body += piece[:left]
                self.body_truncated = self.body_truncated or len(piece) > left
        except ReadLimitReached:
            self.body_truncated = True
            return False
        if response.length:
            raise IncompleteRead(bytes(self.body), response.length)
        return True

    def answer(self, started: float) -> Response:
        return Response(
            status_code=self.status_code,
            reason=self.reason,
            headers=self.headers,
            body=bytes(self.body),
            body_truncated=self.body_truncated,
            latency_ms=(time.monotonic() - started) * 1000,
            remote_address=self.remote_address,
            error=self.error,
        )


def _check_length(response: HTTPResponse) -> None:
    """RFC 9112, section 6.3: http.client takes a length it cannot read for none at all."""
    lengths = set(response.headers.get_all("Content-Length", ()))
    if response.chunked or not lengths:
        return
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths.pop()):
        raise HTTPException("a length that is none, or two")


def _check_headers(call: Call) -> None:
    for name, value in call.headers:
        if not is_sendable(name, value):
            raise ValueError("a header that is more than one line")
