"""SIGTERM and SIGINT as something that is noted, and looked at where one can end in good order.

A handler that raises does so at any step of the main thread: one that has just taken a lock never
gives it back, and others wait for it for ever; in a destructor the exception is dropped. So nothing
is raised, and what waits is woken through a pipe.
"""

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SAME_SECONDS = 1.0
"""A terminal's Ctrl-C and a supervisor that hears it too mean one request to end."""


class StopSignal(AbstractContextManager["StopSignal"]):
    """Within the block a signal sets it and calls `then`, which must take no lock.

    Whoever sends a second one does not want to wait: that one ends the process where it is.
    """

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.is_set = False
        self._then = then
        self._set_at = 0.0

    def __enter__(self) -> "StopSignal":
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        # written to when the signal comes: the handler runs later, and a wait that has just begun
        # would be over before
        self._written_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._written_before)
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, seconds: float, descriptor: int | None = None) -> bool:
        """Wait until it is set, or the descriptor has something to be read; False if neither was
        in time.
        """
        poll = select.poll()  # select.select() refuses the descriptors of a process with many files
        for each in (self._reader, descriptor):
            if each is not None:
                poll.register(each, select.POLLIN)
        return bool(poll.poll(max(seconds, 0) * 1000))

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.is_set:
            self.is_set, self._set_at = True, time.monotonic()
            self._then()
        elif time.monotonic() - self._set_at > _SAME_SECONDS:
            raise SystemExit(0)
