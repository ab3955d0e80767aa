"""What went wrong with a call, as a code for programs and a sentence for people."""

import socket
import ssl
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPException, IncompleteRead

from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.exceptions import SSLError as TLSReadError
from urllib3.exceptions import TimeoutError as ReadTimedOut

from opensink_web.outbound.connection import (
    READ_LIMIT_BYTES,
    ConnectFailed,
    DestinationRefused,
    ReadLimitReached,
)
from opensink_web.outbound.destination import Destination
from opensink_web.outbound.tls_words import handshake_sentence, place_of, verification_sentence

EXPECTED_FAILURES = (
    DestinationRefused,
    ConnectFailed,
    ReadLimitReached,
    HTTPError,
    HTTPException,
    OSError,
    ValueError,
)
"""Everything an exchange can end with. Not `Exception`: a job's own time limit is one of those."""


_TLS_ALERT = "\x15\x03"
"""How a server that expects TLS begins to answer plain HTTP (RFC 8446, section 5.1)."""


@dataclass(frozen=True, slots=True)
class CallError:
    """Why a call has no answer that counts.

    `code` is one of refused_by_policy, invalid_url, invalid_request, name_not_resolved,
    connection_refused, unreachable, tls_error, timeout, connection_lost, bad_response,
    answer_too_large.
    """

    code: str
    message: str


def call_error(error: Exception, destination: Destination, timeout_seconds: float) -> CallError:
    """Name an exchange's failure; `error` is one of EXPECTED_FAILURES."""
    if isinstance(error, DestinationRefused):
        return CallError("refused_by_policy", str(error))
    if isinstance(error, ConnectFailed):
        return _connect_error(error.cause, destination)
    if isinstance(error, socket.gaierror):
        return CallError(
            "name_not_resolved",
            f"The name {destination.host} could not be found. Check the endpoint's URL.",
        )
    if isinstance(error, ReadLimitReached):
        return CallError(
            "answer_too_large",
            f"The endpoint's answer has more than {READ_LIMIT_BYTES // 1024} KiB of headers.",
        )
    return _exchange_error(error, destination, timeout_seconds)


def bad_response(detail: str) -> CallError:
    """Say that what came back is not HTTP as we asked for it."""
    return CallError("bad_response", f"The endpoint's answer is not valid HTTP/1.1: {detail}.")


def _connect_error(cause: OSError, destination: Destination) -> CallError:
    place = place_of(destination)
    if isinstance(cause, ConnectionRefusedError):
        return CallError(
            "connection_refused", f"Nothing is listening at {place} (connection refused)."
        )
    reason = (cause.strerror or "no reason given").lower()
    return CallError("unreachable", f"{place} cannot be reached ({reason}).")


def _exchange_error(
    error: Exception, destination: Destination, timeout_seconds: float
) -> CallError:
    if isinstance(error, TimeoutError | ReadTimedOut):
        return CallError("timeout", f"The endpoint did not answer within {timeout_seconds:g} s.")
    if isinstance(error, ssl.SSLError | TLSReadError):
        return _tls_error(error, destination)
    if isinstance(error, BadStatusLine) and str(error).startswith(_TLS_ALERT):
        return CallError(
            "bad_response",
            f"{place_of(destination)} speaks HTTPS alone. Write https:// in the URL instead of http://.",
        )
    if _is_lost(error):
        return CallError(
            "connection_lost",
            "The endpoint closed the connection without a complete answer.",
        )
    if isinstance(error, HTTPException | HTTPError):
        return bad_response("its status line, headers or chunks cannot be read")
    return CallError(
        "invalid_request",
        "The call could not be made: check the endpoint's headers for characters beyond Latin-1.",
    )


def _tls_error(error: Exception, destination: Destination) -> CallError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return CallError("tls_error", verification_sentence(error, destination))
    return CallError("tls_error", handshake_sentence(getattr(error, "reason", None), destination))


def _is_lost(error: Exception) -> bool:
    """A reset, or an answer cut short. urllib3 wraps both in ProtocolError while a body is read."""
    cause = error.__cause__ if isinstance(error, ProtocolError) else error
    return isinstance(cause, OSError | IncompleteRead)
