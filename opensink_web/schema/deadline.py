"""Checks that could take long, each by a process of its own that the kernel ends at a deadline.

The engine lets no other thread run while it checks, and cannot be interrupted. So what could take
long by its size (`effort`) is not checked here; what that would cost is not guessed, but tried.
"""

import atexit
import json
import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any

from opensink_web.errors import FieldError, Unavailable
from opensink_web.isolation import frames
from opensink_web.isolation.host import Host
from opensink_web.json_value import JSONValue, dump

CPU_SECONDS = 3
"""How long one check may take, of a processor: a busy machine refuses nothing."""
WALL_SECONDS = 60.0
ERRORS_BYTES_MAX = 16 * 1024**2
_host = Host("opensink_web.schema.deadline_host", WALL_SECONDS)
atexit.register(_host.close)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a process has found out before its deadline.

    `is_valid` is None when it has not even found out that. An answer that is not valid has no
    errors when it takes too long to name them. `seconds` it took, of a processor.
    """

    is_valid: bool | None
    errors: tuple[FieldError, ...] = ()
    seconds: float = CPU_SECONDS


def check(schema_text: str, instance: JSONValue) -> Verdict:
    """Hold a value against a schema, within the deadline.

    Raises: Unavailable when this machine cannot do it now.
    """
    ends_at = monotonic() + WALL_SECONDS
    verdict = Verdict(None)
    try:
        with _host.connect() as connection:
            connection.settimeout(WALL_SECONDS + 1)  # by then the kernel has ended it
            _send(connection, json.dumps([CPU_SECONDS, WALL_SECONDS, schema_text]))
            frames.receive(connection)
            _send(connection, dump(instance))
            verdict = Verdict(_received(connection)["is_valid"])
            more = _received(connection)
            errors = tuple(FieldError(path, message) for path, message in more["errors"])
            return Verdict(verdict.is_valid, errors, more["seconds"])
    except frames.TooLong:
        return verdict
    except (EOFError, OSError):
        if verdict.is_valid is None and monotonic() >= ends_at:
            raise Unavailable(
                "The server is too busy to check this now. Nothing was stored; please try again."
            ) from None
        return verdict


def start() -> None:
    """Have the program ready that the first check would wait for."""
    check("true", None)


def close() -> None:
    """End the program, if there is one."""
    _host.close()


def _send(connection: socket.socket, text: str) -> None:
    connection.sendall(frames.pack(frames.CALL, text.encode()))


def _received(connection: socket.socket) -> Any:
    return json.loads(frames.receive(connection, most_bytes=ERRORS_BYTES_MAX)[1])
