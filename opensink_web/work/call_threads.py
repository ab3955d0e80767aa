"""The threads of one worker. Most of a call is waiting for its answer, so calls overlap in them."""

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue

_log = logging.getLogger(__name__)


class CallThreads:
    """As many slots as calls may overlap, for one thread that reserves a slot and then uses it.

    Threads start when they are first needed. They are daemons: a worker that is told twice to end
    does not wait for an endpoint.
    """

    def __init__(self, slots: int) -> None:
        self._free_slots = threading.Semaphore(slots)
        self._idle_threads = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def reserve(self) -> None:
        """Wait for a free slot, and take it."""
        self._free_slots.acquire()

    def give_back(self) -> None:
        """Free a slot that was reserved and is not needed."""
        self._free_slots.release()

    def run(self, work: Callable[[], None]) -> None:
        """Run `work` in the slot that was reserved, in a copy of the caller's context."""
        context = copy_context()
        if not self._idle_threads.acquire(blocking=False):
            thread = threading.Thread(target=self._loop, name="call", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put(lambda: context.run(work))

    def join(self) -> None:
        """Wait until all that was begun has ended, and end the threads."""
        # not by counting slots: a signal may have cut in right after one was reserved
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _loop(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                _log.exception("A call's thread failed")
            finally:
                self._idle_threads.release()
                self._free_slots.release()
