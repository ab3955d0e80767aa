"""Threads that carry work out; nobody waits for them when the process ends.

concurrent.futures' own pool keeps a process alive until the last call has its answer: a worker
that is told twice to end must not wait for an endpoint.
"""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

_log = logging.getLogger(__name__)


class WorkerPool:
    """Runs each function that it is given at once, in a thread that is idle or else a new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle_count = 0  # less what waits for a thread
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def submit(self, function: Callable[[], None]) -> None:
        """Have a function run that raises nothing."""
        self._work.put(function)
        with self._lock:
            self._idle_count -= 1
            needs_thread = self._idle_count < 0
        if needs_thread and self._started_thread():
            with self._lock:
                self._idle_count += 1

    def _started_thread(self) -> bool:
        try:
            threading.Thread(target=self._loop, name="work", daemon=True).start()
        except RuntimeError:
            # whoever is done first takes it
            _log.exception("There can be no more threads")
            return False
        return True

    def _loop(self) -> None:
        while True:
            self._work.get()()
            with self._lock:
                self._idle_count += 1
