"""Connections kept open for the next call to the same scheme, host and port.

A connection in here was vetted for that host when it was opened, by the same policy. Nothing is
ever sent twice: when a kept connection turns out dead after the request has left, the call has
failed, for nobody can tell whether the endpoint acted on it. What keeps that from happening is
that connections wait for a second at most (servers commonly wait two to five, so it is we who
close first), and that one on which the endpoint has closed or spoken meanwhile is not used.
"""

import os
import threading
import time
from collections import deque
from dataclasses import dataclass

from opensink_web.outbound.connection import GuardedConnection
from opensink_web.outbound.destination import Destination

MAX_IDLE_SECONDS = 1.0
MAX_IDLE_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class _Idle:
    connection: GuardedConnection
    process_id: int
    since: float

    def leads_to(self, destination: Destination) -> bool:
        kept = self.connection.guard.destination
        return (kept.scheme, kept.host, kept.port) == (
            destination.scheme,
            destination.host,
            destination.port,
        )

    def is_spent(self) -> bool:
        """Too old, or inherited through a fork: two processes must not talk over one socket."""
        return self.process_id != os.getpid() or time.monotonic() - self.since > MAX_IDLE_SECONDS


class IdleConnections:
    """A few open connections, safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[_Idle] = deque()

    def take(self, destination: Destination) -> GuardedConnection | None:
        """Hand out an open, quiet connection that leads to the destination, if there is one."""
        with self._lock:
            self._drop_spent()
            kept = next((idle for idle in self._kept if idle.leads_to(destination)), None)
            if kept is None:
                return None
            self._kept.remove(kept)
        if kept.connection.is_connected:
            return kept.connection
        kept.connection.close()
        return None

    def keep(self, connection: GuardedConnection) -> None:
        """Take a connection in whose last answer was read to its end."""
        with self._lock:
            self._drop_spent()
            self._kept.appendleft(_Idle(connection, os.getpid(), time.monotonic()))
            if len(self._kept) > MAX_IDLE_CONNECTIONS:
                self._kept.pop().connection.close()

    def close(self) -> None:
        """Close everything that is open."""
        with self._lock:
            while self._kept:
                self._kept.pop().connection.close()

    def _drop_spent(self) -> None:
        while self._kept and self._kept[-1].is_spent():
            self._kept.pop().connection.close()
