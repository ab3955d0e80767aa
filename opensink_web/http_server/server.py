"""The server: accepts connections, ends those that take too long, and itself in good order."""

import asyncio
import errno
import logging
import os
import resource
import signal
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING

from opensink_web.http_server.connection import Connection
from opensink_web.http_server.limits import READ_BYTES, Limits
from opensink_web.http_server.request import BodyLimit, RequestReader
from opensink_web.http_server.thread_pool import Share, ThreadPool
from opensink_web.http_server.wsgi import Gateway, Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOK_SECONDS = 0.5
"""How often it looks which connections are overdue."""
LOG_SECONDS = 10
"""How often it logs what was refused."""
_OTHER_FILES = 256
"""File descriptors that are left to the application: its database, Redis, its calls."""
_MOST_FILES = 65_536
_FEWEST_CONNECTIONS = 64
# Large bodies take memory while they are parsed, and held answers can be over all at once.
_SHARE_OF_LARGE = 8
_SHARE_OF_RESUMED = 8
# What pages ask for by themselves comes by the hundred at once, and may take its time.
_SHARE_OF_PATIENT = 32
_log = logging.getLogger("opensink.web")


class Server:
    """Answers requests on a listening socket, in this process."""

    def __init__(
        self,
        application: "WSGIApplication",
        listener: socket.socket,
        *,
        body_limit: BodyLimit,
        refusal: Refusal,
        limits: Limits,
        parent: int | None = None,
        is_patient: Callable[[bytes], bool] = lambda _target: False,
    ) -> None:
        """Prepare; with `parent` it ends when that process has ended.

        Requests whose target `is_patient` take few threads, however many there are.
        """
        connections = min(limits.connections, max(_files() - _OTHER_FILES, _FEWEST_CONNECTIONS))
        self.limits = replace(limits, connections=connections)
        self.loop = asyncio.new_event_loop()
        self.buffer = memoryview(bytearray(READ_BYTES))
        self.gateway = Gateway(application, refusal)
        self.pool = ThreadPool(self.loop, limits.threads)
        self.fresh = Share(limits.threads)
        self.large = Share(max(limits.threads // _SHARE_OF_LARGE, 2))
        self.is_patient = is_patient
        self.patient = Share(max(limits.threads // _SHARE_OF_PATIENT, 1), gives_way=True)
        self.resumed = Share(max(limits.threads // _SHARE_OF_RESUMED, 2))
        self.woken = Share(self.resumed.threads, gives_way=True)
        self.connections: set[Connection] = set()
        self.is_stopping = False
        self.refused: Counter[HTTPStatus] = Counter()
        self.held_count = 0
        self.response_bytes = 0
        self._body_bytes = 0
        self._body_limit = body_limit
        self._listener = listener
        self._parent = parent
        self._accepting: set[asyncio.Task[object]] = set()

    def run(self) -> None:
        """Answer until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self.stop)
        self.run_until_stopped()

    def run_until_stopped(self) -> None:
        """Answer until `stop` is called in the loop's thread."""
        asyncio.set_event_loop(self.loop)
        self._listener.setblocking(False)
        # inherited by what is accepted: a reader that vanished while its answer was held is noticed
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.loop.add_reader(self._listener, self._accept)
        self.loop.call_later(LOOK_SECONDS, self._look)
        self.loop.call_later(LOG_SECONDS, self._log_refused)
        self.loop.run_forever()
        for each in [*self.connections]:
            each.give_up()
        self.loop.run_until_complete(asyncio.sleep(0))

    def new_reader(self) -> RequestReader:
        """Make what reads a connection."""
        return RequestReader(self._body_limit)

    # -- connections ----------------------------------------------------------------------------

    def _accept(self) -> None:
        """Accept one connection; others of these servers may want the next."""
        if len(self.connections) + len(self._accepting) >= self.limits.connections:
            self._make_space()
        try:
            connected, _ = self._listener.accept()
        except OSError as error:
            # another process took it, or it has gone; without files it waits where it is
            if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}:
                self._make_space()
                self.loop.remove_reader(self._listener)
                self.loop.call_later(LOOK_SECONDS, self._accept_again)
            return
        connected.setblocking(False)
        accepting = self.loop.connect_accepted_socket(lambda: Connection(self), connected)
        task: asyncio.Task[object] = self.loop.create_task(accepting)
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    def _accept_again(self) -> None:
        if not self.is_stopping:
            self.loop.add_reader(self._listener, self._accept)

    def _make_space(self) -> None:
        """Give up some of the connections that were idle, or slow, for the longest time."""
        slow = [each for each in self.connections if each.can_be_given_up]
        slow.sort(key=lambda each: each.since)
        for each in slow[: max(len(slow) // 16, 1)]:
            each.give_up()

    def _look(self) -> None:
        """End what takes too long."""
        now = monotonic()
        for each in [*self.connections]:
            each.end_if_overdue(now)
        if self._parent is not None and os.getppid() != self._parent:
            self.stop()
        self.loop.call_later(LOOK_SECONDS, self._look)

    def _log_refused(self) -> None:
        """Log how many were refused unread: together, for they can come by the thousand."""
        if self.refused:
            counts = (f"{count} with {status.value}" for status, count in self.refused.items())
            _log.warning("requests were refused unread: %s", ", ".join(counts))
            self.refused.clear()
        self.loop.call_later(LOG_SECONDS, self._log_refused)

    # -- memory ---------------------------------------------------------------------------------

    def takes_body(self, connection: Connection, count: int) -> bool:
        """Return True if so many more bytes of bodies may be kept; a slow body gives way."""
        if self._body_bytes + count > self.limits.bodies_bytes:
            slow_since = monotonic() - self.limits.body_seconds / 3
            slow = [
                each
                for each in self.connections
                if each is not connection and each.counted_body and each.since < slow_since
                if each.can_be_given_up
            ]
            for each in sorted(slow, key=lambda each: each.since):
                if self._body_bytes + count <= self.limits.bodies_bytes:
                    break
                each.give_up()
            if self._body_bytes + count > self.limits.bodies_bytes:
                return False
        self._body_bytes += count
        return True

    def release_body(self, count: int) -> None:
        """Count bytes of bodies off that are kept no longer."""
        self._body_bytes -= count

    # -- the end --------------------------------------------------------------------------------

    def stop(self) -> None:
        """Take nothing more, answer what is whole, and end; within `stop_seconds` in any case."""
        if self.is_stopping:
            return
        self.is_stopping = True
        self.loop.remove_reader(self._listener)
        self._listener.close()
        for each in [*self.connections]:
            each.stop()
        self._end_when_empty(monotonic() + self.limits.stop_seconds)

    def _end_when_empty(self, deadline: float) -> None:
        if self.connections and monotonic() < deadline:
            self.loop.call_later(0.02, self._end_when_empty, deadline)
        else:
            self.loop.stop()


def _files() -> int:
    """Raise how many files this process may have open as far as it may; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return most if soft == resource.RLIM_INFINITY else soft
