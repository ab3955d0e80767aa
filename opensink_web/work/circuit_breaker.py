"""Not waiting for a Redis that was slow just now: for those who answer somebody and cannot wait."""

import threading
import time
from collections.abc import Callable

PAUSE_SECONDS = 5.0
"""How long nobody tries a Redis that was slow."""
SLOW_SECONDS = 0.15
"""An answer takes about a millisecond; one that took this long has met a Redis in trouble."""


class CircuitBreaker:
    """Once Redis has kept somebody waiting, with an answer or without, nobody tries for a while.

    Then one thread does, and the others go on only when that went quickly. A connection that is
    refused at once costs nothing, so the next one tries again.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._closed = True
        self._next_try_at = 0.0

    def begin(self) -> float | None:
        """Return when a try begins, for end(); None when nobody is to try now."""
        with self._lock:
            now = self._monotonic()
            if not self._closed:
                if now < self._next_try_at:
                    return None
                self._next_try_at = now + PAUSE_SECONDS  # the others do not try meanwhile
            return now

    def end(self, begun_at: float) -> None:
        """Note how long the try took."""
        with self._lock:
            now = self._monotonic()
            self._closed = now - begun_at < SLOW_SECONDS
            if not self._closed:
                self._next_try_at = now + PAUSE_SECONDS
