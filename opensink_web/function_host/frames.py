"""How worker and host speak with each other: frames of a kind, a length and a payload.

Standard library only. Over the control socket the worker hands in one end of a socket pair for each
call, and the host says once that it is ready. Over such a pair the worker sends CALL; the host LOG
as often as there is something, at most one RESULT, and END.
"""

import socket
import struct

CALL, LOG, RESULT, END = b"C", b"L", b"R", b"E"
READY, UNUSABLE = b"Y", b"N"
_HEAD = struct.Struct("!cI")
HEAD_BYTES = _HEAD.size


def pack(kind: bytes, payload: bytes = b"") -> bytes:
    """Return a frame as it goes over a socket."""
    return _HEAD.pack(kind, len(payload)) + payload


def length_of(head: bytes) -> int:
    """Return how long the payload after a frame's first HEAD_BYTES is."""
    length: int = _HEAD.unpack(head)[1]
    return length


def receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """Wait for one frame: its kind and its payload.

    Raises: EOFError, or OSError, which includes the socket's timeout.
    """
    kind, length = _HEAD.unpack(_receive_exactly(connection, HEAD_BYTES))
    return kind, _receive_exactly(connection, length)


def _receive_exactly(connection: socket.socket, size_bytes: int) -> bytes:
    received = bytearray()
    while len(received) < size_bytes:
        piece = connection.recv(min(size_bytes - len(received), 65536))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)
