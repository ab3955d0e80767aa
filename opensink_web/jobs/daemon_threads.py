"""A pool of threads whose calls nobody waits for when the process ends.

concurrent.futures' own pool keeps a process alive until the last call has its answer: a worker
that is told twice to end must not wait for an endpoint.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")


class DaemonThreads:
    """Runs what it is given in up to `most` threads, which start when they are first needed."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._thread_count = 0
        self._idle_count = 0
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def submit(self, function: Callable[[], Result]) -> "Future[Result]":
        """Run a function in a copy of the caller's context; the future tells what came of it."""
        future: Future[Result] = Future()
        context = copy_context()
        self._work.put(lambda: context.run(_settle, future, function))
        self._start_thread_if_needed()
        return future

    def _start_thread_if_needed(self) -> None:
        with self._lock:
            if self._idle_count > 0:
                self._idle_count -= 1  # that one will take it
                return
            if self._thread_count == self._most:
                return
            self._thread_count += 1
        threading.Thread(target=self._loop, name=self._name, daemon=True).start()

    def _loop(self) -> None:
        while True:
            self._work.get()()
            with self._lock:
                # what was given while all were busy is taken next, by whoever comes first
                if self._work.empty():
                    self._idle_count += 1


def _settle(future: "Future[Result]", function: Callable[[], Result]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
