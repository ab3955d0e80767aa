"""A program: imports one function, then forks a process for every call of it.

Arguments: the entry point, the memory that a call may have and the length of files that it may
write, in MiB, the control socket's descriptor, and `late` if the package starts threads when it is
imported: then every call imports it by itself, because a fork copies one thread and the locks that
the others hold.

One thread, one loop. Ends when the worker does.
"""

import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from opensink_web.function_host.call import Call
from opensink_web.function_host.entry_points import Handler, load
from opensink_web.isolation import frames
from opensink_web.isolation.limits import Limits, set_readable, tasks_of_this_user

IMPORT_TIMEOUT_SECONDS = 60
PROCESSES_MAX = 512
"""Processes and threads that all calls of one worker's user may have together."""
_COUNT_TASKS_EVERY_SECONDS = 30.0
_LEFTOVERS_TIMEOUT_SECONDS = 1.0
_PR_SET_CHILD_SUBREAPER = 36


def main(name: str, memory_mb: str, file_mb: str, control: str, *late: str) -> None:
    """Import the function, say so, and serve."""
    set_readable(False)
    channel = socket.socket(fileno=int(control))
    for number in (signal.SIGINT, signal.SIGTERM):  # it ends with the worker, and not before
        signal.signal(number, signal.SIG_IGN)
    try:
        handler = None if late else _import(name)
    except BaseException as error:
        traceback.print_exc()
        reason = f"The entry point {name} cannot be imported: {type(error).__name__}: {error}"
        if isinstance(error, LookupError):
            reason = str(error)
        channel.sendall(frames.pack(frames.UNUSABLE, reason.encode("utf-8", "replace")))
        return
    if threading.active_count() > 1:
        os.set_inheritable(channel.fileno(), True)
        arguments = [*sys.orig_argv[1:], "late"]
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - this program again
    channel.sendall(frames.pack(frames.READY))
    gc.freeze()  # what is here stays, and need not be copied into every call by collecting it
    loader = partial(load, name) if handler is None else lambda: handler
    limits = Limits(memory_bytes=int(memory_mb) * 1024**2, file_bytes=int(file_mb) * 1024**2)
    Host(channel, loader, limits).serve()


def _import(name: str) -> Handler:
    signal.alarm(IMPORT_TIMEOUT_SECONDS)  # ends this process, also when it hangs in C
    handler = load(name)
    signal.alarm(0)
    return handler


class Host:
    """Takes calls from the worker and looks after their processes."""

    def __init__(self, channel: socket.socket, load: Callable[[], Handler], limits: Limits) -> None:
        self._channel = channel
        self._load = load
        self._limits = limits
        self._selector = selectors.DefaultSelector()
        self._waiting: set[Call] = set()
        self._running: dict[int, Call] = {}
        self._child_ended, self._wakes = os.pipe()
        self._is_wanted = True
        self._tasks = 0
        self._tasks_counted_at = float("-inf")

    def serve(self) -> None:
        """Serve until the worker is gone."""
        self._watch()
        while self._is_wanted:
            for key, _ in self._selector.select(self._seconds_to_deadline()):
                # what came before in this round may have closed it, and opened another in its place
                if self._selector.get_map().get(key.fd) is key:
                    key.data()
            for call in [call for call in self._running.values() if call.is_overdue()]:
                call.time_out()
        self._end_all()

    def _watch(self) -> None:
        if sys.platform == "linux":
            # a process that leaves its call's group, and loses its parent, becomes our child
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        for descriptor in (self._child_ended, self._wakes):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._on(self._child_ended, self._reap)
        self._on(self._channel.fileno(), self._accept)

    def _on(self, descriptor: int, react: Callable[[], object]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, react)

    def _off(self, descriptor: int) -> None:
        with suppress(KeyError):
            self._selector.unregister(descriptor)

    def _seconds_to_deadline(self) -> float | None:
        deadline = min((call.deadline for call in self._running.values()), default=float("inf"))
        return None if deadline == float("inf") else max(deadline - time.monotonic(), 0)

    def _accept(self) -> None:
        """Take a call's connection, or notice that the worker is gone."""
        data, descriptors = b"", list[int]()
        with suppress(OSError):
            data, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        self._is_wanted = bool(data)
        for descriptor in descriptors:
            call = Call(socket.socket(fileno=descriptor))
            self._waiting.add(call)
            self._on(descriptor, partial(self._receive, call))

    def _receive(self, call: Call) -> None:
        if not call.receive():
            self._give_up(call)
        elif call in self._waiting and call.is_complete:
            self._start(call)

    def _give_up(self, call: Call) -> None:
        """The worker has closed the call's connection: nobody waits for it any more."""
        self._off(call.connection.fileno())
        if call in self._waiting:
            self._waiting.discard(call)
            call.close()
        else:
            call.kill()

    def _start(self, call: Call) -> None:
        said, printed = call.start(
            self._load, replace(self._limits, processes=self._processes_max()), self._opened()
        )
        self._waiting.discard(call)
        self._running[call.process_id or 0] = call
        self._on(said, partial(self._follow, call.hear, said))
        self._on(printed, partial(self._follow, call.log, printed))

    def _processes_max(self) -> int | None:
        """Return how many processes and threads our user may have when a call starts another.

        The kernel counts them by user, and ours has others than the calls': what it has anyway is
        therefore added. The limit is on what a call has started alone; our own parts can always
        start more. It does not bind root, as whom nothing of OpenSink needs to run.
        """
        if time.monotonic() - self._tasks_counted_at > _COUNT_TASKS_EVERY_SECONDS:
            self._tasks, self._tasks_counted_at = tasks_of_this_user(), time.monotonic()
        return self._tasks + PROCESSES_MAX if self._tasks else None

    def _follow(self, read: Callable[[], bool], descriptor: int) -> None:
        """Read from a pipe until it is closed; one that is at its end would wake us for ever."""
        if not read():
            self._off(descriptor)

    def _opened(self) -> list[int]:
        """List what a call's process must not keep open."""
        calls = [*self._waiting, *self._running.values()]
        own = (self._channel.fileno(), self._selector.fileno(), self._child_ended, self._wakes)
        of_calls = [each for call in calls for each in call.descriptors if each != -1]
        return [*own, *of_calls]

    def _reap(self) -> None:
        """Reap what has ended, and end what a call has left behind."""
        with suppress(BlockingIOError):
            os.read(self._child_ended, 4096)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._note_ended(*ended)
        self._end_orphans()

    def _note_ended(self, process_id: int, status: int) -> None:
        call = self._running.pop(process_id, None)
        if call is not None:
            for descriptor in call.descriptors:
                self._off(descriptor)
            call.end(os.waitstatus_to_exitcode(status))

    def _end_orphans(self) -> bool:
        """Kill our children that are no call and in no running call's session."""
        has_killed = False
        for process_id in _children():
            with suppress(ProcessLookupError):
                if process_id in self._running or os.getsid(process_id) in self._running:
                    continue
                os.kill(process_id, signal.SIGKILL)
                has_killed = True
        return has_killed

    def _end_all(self) -> None:
        for call in self._running.values():
            call.kill()
        deadline = time.monotonic() + _LEFTOVERS_TIMEOUT_SECONDS
        while (self._running or self._end_orphans()) and time.monotonic() < deadline:
            time.sleep(0.005)
            self._reap()


def _children() -> list[int]:
    """List the children of this process, which has one thread; nowhere but on Linux are there more
    than the calls' own.
    """
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(process_id) for process_id in listed.split()]


if __name__ == "__main__":
    main(*sys.argv[1:])
