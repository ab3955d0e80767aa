"""One call as its host sees it: its process, its time, and what it says."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from opensink_web.function_host.child import OUTPUT_MAX_BYTES, Task, carry_out
from opensink_web.function_host.entry_points import Handler
from opensink_web.isolation import frames
from opensink_web.isolation.limits import Limits

LOG_MAX_BYTES = 64 * 1024
_SAID_MAX_BYTES = OUTPUT_MAX_BYTES + 64 * 1024
_PIECE_BYTES = 64 * 1024
_SEND_TIMEOUT_SECONDS = 5.0


class Call:
    """From the worker's request to the end of everything that the function has started."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.process_id: int | None = None
        self.deadline = float("inf")
        self._request = bytearray()
        self._said = bytearray()
        self._printed_bytes = 0
        self._pipes: tuple[int, int] = (-1, -1)
        self._is_overdue = False

    @property
    def descriptors(self) -> tuple[int, int, int]:
        """The connection, and the pipes with what the function says and prints."""
        return (self.connection.fileno(), *self._pipes)

    def receive(self) -> bool:
        """Take what the worker sends; return True if it still wants the call."""
        try:
            piece = self.connection.recv(_PIECE_BYTES)
        except OSError:
            return False
        self._request += piece
        return bool(piece)

    @property
    def is_complete(self) -> bool:
        """Return True if the request has arrived as a whole."""
        head = self._request[: frames.HEAD_BYTES]
        if len(head) < frames.HEAD_BYTES:
            return False
        return len(self._request) >= frames.HEAD_BYTES + frames.length_of(bytes(head))

    def start(
        self, load: Callable[[], Handler], limits: Limits, opened: Iterable[int]
    ) -> tuple[int, int]:
        """Fork the call's process, which closes what its host has `opened`; return the pipes."""
        request = bytes(self._request[frames.HEAD_BYTES :])
        self._request.clear()
        said, says = os.pipe()
        printed, prints = os.pipe()
        head = json.loads(request.partition(b"\n")[0])
        self.deadline = time.monotonic() + head["timeout_seconds"]
        host_id = os.getpid()
        self.process_id = os.fork()
        if self.process_id == 0:
            try:
                for descriptor in (*opened, said, printed):
                    os.close(descriptor)
                carry_out(Task(load, request, limits, says, prints), host_id)
            finally:
                os._exit(1)
        os.close(says)
        os.close(prints)
        for descriptor in (said, printed):
            os.set_blocking(descriptor, False)
        self._pipes = (said, printed)
        return self._pipes

    def hear(self) -> bool:
        """Take in what the function says; return True if there was something."""
        piece = _read(self._pipes[0])
        if len(self._said) <= _SAID_MAX_BYTES:
            self._said += piece
        return bool(piece)

    def log(self) -> bool:
        """Pass on what the function prints, the beginning of it; return True if there was more."""
        piece = _read(self._pipes[1])
        left = max(LOG_MAX_BYTES - self._printed_bytes, 0)
        self._printed_bytes += len(piece)
        if piece[:left]:
            self._send(frames.LOG, piece[:left])
        return bool(piece)

    def is_overdue(self) -> bool:
        """Return True if its time is up."""
        return time.monotonic() >= self.deadline

    def time_out(self) -> None:
        """Kill it because its time is up."""
        self._is_overdue = True
        self.deadline = float("inf")
        self.kill()

    def kill(self) -> None:
        """Kill its process group; it may not have become one yet."""
        if self.process_id is None:
            return
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                kill(self.process_id, signal.SIGKILL)

    def end(self, exit_code: int) -> None:
        """Tell the worker how the process ended, and let go of everything."""
        # on Linux the host would find what is left of the group too; elsewhere it cannot
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process_id or 0, signal.SIGKILL)
        for drain in (self.hear, self.log):
            for _ in range(_SAID_MAX_BYTES // _PIECE_BYTES):
                if not drain():
                    break
        if exit_code == 0 and len(self._said) <= _SAID_MAX_BYTES:
            self._send(frames.RESULT, bytes(self._said))
        lost_bytes = max(self._printed_bytes - LOG_MAX_BYTES, 0)
        end = {"exit_code": exit_code, "is_overdue": self._is_overdue, "lost_bytes": lost_bytes}
        self._send(frames.END, json.dumps(end).encode())
        self.close()

    def close(self) -> None:
        """Close the connection and the pipes."""
        self.connection.close()
        for descriptor in self._pipes:
            if descriptor != -1:
                os.close(descriptor)

    def _send(self, kind: bytes, payload: bytes) -> None:
        with suppress(OSError):  # the worker is gone, or has given the call up
            self.connection.settimeout(_SEND_TIMEOUT_SECONDS)
            self.connection.sendall(frames.pack(kind, payload))


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _PIECE_BYTES)
    except OSError:
        return b""
