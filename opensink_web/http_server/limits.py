"""How much one connection, and all together, may cost, and how long each step may take."""

from dataclasses import dataclass

READ_BYTES = 64 * 1024
"""Read at once, into a buffer that all connections share."""
SEND_BYTES = 256 * 1024
"""Handed to the kernel at once; what it does not take is all that is buffered for a connection."""

MAX_TARGET_BYTES = 8190
MAX_HEADER_BYTES = 8190
MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
MAX_UNREAD_HEAD_BYTES = 2 * READ_BYTES
"""Of a head that has no end, and of trailers and chunk extensions, which nobody asked for."""
MAX_PIPELINED = 16
"""Whole requests that one connection may send ahead of its answers."""
UNCOUNTED_BYTES = 64 * 1024
"""A body or response of this size is not counted; connections are, and that bounds them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server allows.

    A body, and a response that is being sent, has its seconds and as many more as it takes at
    `least_bytes_per_second`: one that stalls is over then, one that is large and moves is not.
    """

    threads: int = 32
    connections: int = 8192
    head_seconds: float = 15
    body_seconds: float = 30
    send_seconds: float = 30
    least_bytes_per_second: int = 16 * 1024
    keep_alive_seconds: float = 75
    linger_seconds: float = 3
    stop_seconds: float = 3
    bodies_bytes: int = 256 * 1024 * 1024
    responses_bytes: int = 256 * 1024 * 1024
