"""How whoever waits and a process that carries out speak: frames of a kind, length and payload.

Over the control socket of a host one end of a socket pair is handed in for each call. Over the pair
goes what the call needs, and back comes what became of it. A host of functions says READY once over
its control socket, is sent CALL over a pair, and sends LOG as often as there is something, at most
one RESULT, and END. A process that fills in templates says READY over the pair, and then a RESULT
to each CALL.
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


class TooLong(Exception):
    """The other side says more than may be taken."""


def receive(connection: socket.socket, *, most_bytes: int = 2**32) -> tuple[bytes, bytes]:
    """Wait for one frame: its kind and its payload, which has at most so many bytes.

    Raises: EOFError; TooLong; OSError, which includes the socket's timeout.
    """
    kind, length = _HEAD.unpack(_receive_exactly(connection, HEAD_BYTES))
    if length > most_bytes:
        raise TooLong
    return kind, _receive_exactly(connection, length)


def _receive_exactly(connection: socket.socket, size_bytes: int) -> bytes:
    received = bytearray()
    while len(received) < size_bytes:
        piece = connection.recv(min(size_bytes - len(received), 65536))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)
